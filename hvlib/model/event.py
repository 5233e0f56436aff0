"""Event: one change that a watch delivers."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Generic, NewType, TypeVar

import msgspec

from hvlib.model.ref import Ref

__all__ = ["Event", "EventType", "WatchCursor"]

R = TypeVar("R", bound=Any)

WatchCursor = NewType("WatchCursor", str)
"""The place where a watch goes on: text that can be kept where the server's cursors outlive a session."""


class EventType(StrEnum):
    """What happened: an object came to be (or began to match), changed, went (or ceased to match); all are known."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    SYNCED = "SYNCED"


class Event(msgspec.Struct, Generic[R], frozen=True):
    """One change.

    | type: ADDED, MODIFIED, DELETED, or SYNCED
    | ref: the object's; None for SYNCED
    | resource: the object as it is now; for DELETED its last known record, None if there is none; None for SYNCED
    | changed: the fields that differ from the record before; None where that is not known
    | resynced: found by comparing, after the stream had been interrupted
    """

    type: EventType
    ref: Ref | None = None
    resource: R | None = None
    changed: frozenset[str] | None = None
    resynced: bool = False
