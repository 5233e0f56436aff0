"""The handlers of messages, a module for each subject: importing it registers its handlers in ``HANDLERS``."""

from __future__ import annotations

from hvlib_xapi_simulator.call import HANDLERS
from hvlib_xapi_simulator.messages import (
    alerts,
    copies,
    event_queue,
    events,
    hosts,
    life_cycle,
    motion,
    networks,
    repositories,
    sessions,
    storage,
    tasks,
    vm_checks,
    vm_records,
    vm_settings,
)

__all__ = [
    "HANDLERS",
    "alerts",
    "copies",
    "event_queue",
    "events",
    "hosts",
    "life_cycle",
    "motion",
    "networks",
    "repositories",
    "sessions",
    "storage",
    "tasks",
    "vm_checks",
    "vm_records",
    "vm_settings",
]
