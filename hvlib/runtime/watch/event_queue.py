"""EventQueue: the events of a watch that are still to be delivered, and the watch's cursor."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from hvlib.driver import Batch, WatchCursor
from hvlib.model.event import Event, EventType
from hvlib.runtime.watch.store import Store

__all__ = ["EventQueue"]


class EventQueue:
    """Events in the order of their delivery.

    ``cursor`` moves to a position only when the event after it is requested. So after a crash some events may come
    twice, but none is lost. While ``resyncing`` is true, until the feed has caught up, events are marked as found by
    comparing.
    """

    def __init__(self, store: Store, cursor: WatchCursor | None) -> None:
        self.cursor = cursor
        self.resyncing = False
        self._store = store
        self._synced = False
        self._waiting: deque[Event[Any] | WatchCursor] = deque()

    def take(self) -> Event[Any] | None:
        """The next event; None if the queue is empty."""
        while self._waiting:
            event = self._waiting.popleft()
            if isinstance(event, Event):
                return event
            self.cursor = event
        return None

    def put(self, batch: Batch) -> None:
        """Queue a batch's events. If a change can't be applied, raises after queueing the events before it."""
        for event in self._changes(batch):
            self._waiting.append(_resynced(event) if self.resyncing else event)
        if batch.cursor is not None:
            self._waiting.append(batch.cursor)
        if batch.synced:
            self.resyncing = False
            if not self._synced:
                self._synced = True
                self._waiting.append(Event(EventType.SYNCED))

    def _changes(self, batch: Batch) -> Iterator[Event[Any]]:
        for change in batch.changes:
            yield from self._store.apply(change)
        if batch.synced:
            yield from self._store.end_snapshot()


def _resynced(event: Event[Any]) -> Event[Any]:
    return Event(event.type, event.ref, event.resource, event.changed, resynced=True)
