"""Events: the answers to event.from, their snapshots decoded into rows of the fields that are needed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any

import msgspec

from hvlib.model.errors import ProtocolError
from hvlib_xenapi.wire.rows import Needs, Rows, row_of, row_type

__all__ = ["BEGINNING", "Event", "Reply", "joined_rows", "parse_events", "reply_type"]

BEGINNING = ""
"""The token for which the server sends all that exists."""


class Event(msgspec.Struct):
    """A change of one object. ``snapshot`` is a row, or a record where the wire gives no rows; None if it is gone.

    | cls: in lower case
    """

    cls: str
    operation: str
    ref: str
    snapshot: Any = None


class Reply(msgspec.Struct):
    """The answer to event.from."""

    events: list[Event]
    token: str
    valid_ref_counts: dict[str, Any]


def reply_type(classes: Mapping[str, Any]) -> Any:
    """The type to decode JSON into: each class's snapshots are rows of these fields, or are left as they are (Any)."""
    events = [_event_type(cls, Any if fields is Any else row_type(cls, fields)) for cls, fields in classes.items()]
    fields = [("events", list[reduce(or_, events)]), ("token", str), ("valid_ref_counts", dict[str, int])]  # type: ignore[misc]
    return msgspec.defstruct("TypedReply", fields)


def _event_type(cls: str, snapshot: Any) -> Any:
    optional = snapshot if snapshot is Any else snapshot | None
    fields: list[Any] = [("operation", str), ("ref", str), ("snapshot", optional, None)]
    return msgspec.defstruct(f"{cls}Event", fields, tag_field="class", tag=cls.lower())


def parse_events(found: Any) -> Reply:
    """A reply of such a type, or as XML-RPC gives it. Raises `ProtocolError`."""
    if not isinstance(found, dict):
        events = [Event(each.__struct_config__.tag, each.operation, each.ref, each.snapshot) for each in found.events]
        return Reply(events, found.token, found.valid_ref_counts)
    try:
        events = [
            Event(each["class"], each["operation"], each["ref"], each.get("snapshot")) for each in found["events"]
        ]
        return Reply(events, found["token"], found["valid_ref_counts"])
    except (KeyError, TypeError) as error:
        raise ProtocolError(f"the server's events can't be understood: {error!r}") from error


def joined_rows(found: Any, needs: Needs) -> Rows:
    """The rows of a reply to `BEGINNING`. Raises `ProtocolError`."""
    rows: Rows = {cls: {} for cls in needs}
    classes = {cls.lower(): cls for cls in needs}
    for event in parse_events(found).events:
        cls, row = classes[event.cls], event.snapshot
        if row is not None:
            rows[cls][event.ref] = row_of(cls, needs[cls], row) if isinstance(row, dict) else row
    return rows
