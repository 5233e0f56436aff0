"""Events: the replies of event.from. Their snapshots are decoded into rows of the fields that are needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any, ClassVar

import msgspec

from hvlib_xenapi.wire.rows import Rows, row_type

__all__ = ["BEGINNING", "Event", "Reply", "all_rows", "reply_type"]

BEGINNING = ""
"""The token for which the server sends all objects that exist."""


class Event(msgspec.Struct):
    """A change of one object of a class. ``snapshot`` is its row or record; None if it is gone."""

    cls: ClassVar[str]
    operation: str
    ref: str
    snapshot: Any = None


class Reply(msgspec.Struct):
    """The reply of event.from, with the number of objects of each class, whose names are in lower case."""

    events: list[Any]
    token: str
    valid_ref_counts: dict[str, int]


def reply_type(classes: Mapping[str, Any]) -> Any:
    """The type to decode a reply into: a class's snapshots become rows of its fields, or stay as they are (Any)."""
    events = [_event_type(cls, fields) for cls, fields in classes.items()]
    return msgspec.defstruct("TypedReply", [("events", list[reduce(or_, events)])], bases=(Reply,))  # type: ignore[misc]


def _event_type(cls: str, fields: Any) -> Any:
    snapshot = Any if fields is Any else row_type(cls, fields) | None
    declared: list[Any] = [("snapshot", snapshot, None)]
    return msgspec.defstruct(
        f"{cls}Event", declared, bases=(Event,), namespace={"cls": cls}, tag_field="class", tag=cls.lower()
    )


def all_rows(reply: Reply, classes: Iterable[str]) -> Rows:
    """The rows of a reply to `BEGINNING`."""
    rows: Rows = {cls: {} for cls in classes}
    for event in reply.events:
        if event.snapshot is not None:
            rows[event.cls][event.ref] = event.snapshot
    return rows
