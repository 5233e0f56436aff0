"""event.from, event.inject, event.get_current_id."""

from __future__ import annotations

from typing import Any

from hvlib_xapi_simulator.call import Call, handles
from hvlib_xapi_simulator.events import Subscriptions

__all__: list[str] = []


@handles("event.from")
def event_from(call: Call, classes: list[str], token: str, timeout: float) -> dict[str, Any]:
    """Return events, the number of objects of each class, and the next token."""
    return call.pool.events.wait(call.session, Subscriptions(classes), token, timeout)


@handles("event.inject")
def inject(call: Call, table: str, ref: str) -> str:
    """Make an event; return a token from before it."""
    return call.pool.events.inject(table, ref)


@handles("event.get_current_id")
def get_current_id(call: Call) -> int:
    """Return the number that the next event will have."""
    return call.database.generation
