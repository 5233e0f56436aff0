"""Batches of scripted feeds, and the events that watches make of them, both as short texts."""

from __future__ import annotations

from typing import Any

import hvlib
from hvlib.driver import Batch, Gone, Upsert, WatchCursor
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from scripted.context import UUID

__all__ = ["batch", "event_text", "next_events", "ref"]


def ref(id: str) -> Ref:
    """The ref of a VM."""
    return Ref(UUID, "VM", id)


def batch(*changes: str, cursor: str | None = None, synced: bool = False, created: bool = False) -> Any:
    """A batch: ``a`` upserts a as running, ``a=halted`` as halted, ``-a`` deletes it."""

    def change(text: str, query: Query[Any]) -> Upsert | Gone:
        if text.startswith("-"):
            return Gone(ref(text[1:]))
        id, _, state = text.partition("=")
        return Upsert(query.build(ref(id), {"name_label": id, "power_state": state or "running"}), created)

    def make(query: Query[Any]) -> Batch:
        return Batch(
            [change(text, query) for text in changes], None if cursor is None else WatchCursor(cursor), synced=synced
        )

    return make


def next_events(watch: hvlib.Watch[Any], number: int, timeout: float = 5) -> list[str]:
    """The texts of a watch's next events."""
    return [event_text(watch.next(timeout)) for _ in range(number)]


def event_text(event: hvlib.Event[Any] | None) -> str:
    """Type and identifier of an event, and whether it was found by comparing."""
    assert event is not None
    text = f"{event.type}" + (f" {event.ref.id}" if event.ref else "")
    return text + (" resynced" if event.resynced else "")
