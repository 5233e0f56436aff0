"""The modules whose functions answer messages."""

from __future__ import annotations

from importlib import import_module

__all__ = ["register"]

MODULES = (
    "alerts",
    "copies",
    "event_queue",
    "events",
    "hosts",
    "life_cycle",
    "motion",
    "networks",
    "operation",
    "placement",
    "repositories",
    "sessions",
    "storage",
    "tasks",
    "vm_records",
    "vm_settings",
)


def register() -> None:
    """Import them: each registers what it answers."""
    for name in MODULES:
        import_module(f"hvlib_xapi_simulator.{name}")
