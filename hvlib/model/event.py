"""Event: one change that a watch delivers."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Generic, NewType, TypeVar

import msgspec

from hvlib.model.ref import Ref

__all__ = ["Event", "EventType", "WatchCursor"]

R = TypeVar("R", bound=Any)

WatchCursor = NewType("WatchCursor", str)
"""A position in a watch, for ``watch(since=...)``: text, which can be stored where the server's cursors outlive a
session."""


class EventType(StrEnum):
    """The type of an event.

    | ADDED: the object is new to the watch: it existed at the start, was created, or began to match the filters
    | MODIFIED: the object changed
    | DELETED: the object was deleted, or ceased to match the filters
    | SYNCED: the watch has caught up with the server; all later events are changes
    """

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    SYNCED = "SYNCED"


class Event(msgspec.Struct, Generic[R], frozen=True):
    """One change.

    | type: ADDED, MODIFIED, DELETED, or SYNCED
    | ref: the object's ref; None for SYNCED
    | resource: the object as it is now; for DELETED its last known record, None if there is none; None for SYNCED
    | changed: the names of the fields that changed; None where they are not known
    | resynced: whether the change was found by comparing records, after the stream had been interrupted
    """

    type: EventType
    ref: Ref | None = None
    resource: R | None = None
    changed: frozenset[str] | None = None
    resynced: bool = False
