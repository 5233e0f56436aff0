"""One kind's part of a watch: reads all objects at first, then repeatedly the objects that may have changed."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hvlib.driver import Adapter, Change, Gone, Upsert
from hvlib.driver.polling import read_all
from hvlib.model.query import Query
from hvlib.model.ref import Ref

__all__ = ["GoOn", "Intervals", "KindWatcher", "PolledKind", "Schedule", "ScheduledWatcher"]

PAUSE_PER_LISTING = 5
"""The least pause after a listing, as a multiple of the listing's duration: the server has other clients too."""

GoOn = Callable[[], None]
"""A function that raises once the watch is closed."""


class Intervals(msgspec.Struct, frozen=True):
    """Pauses of a watch, in seconds.

    | poll: between two requests to nova for changes
    | sweep: between two listings of objects whose service reports no changes
    """

    poll: float
    sweep: float


class Schedule:
    """When a task that takes the server some time is due again. ``due``: a moment on the monotonic clock."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self.due = 0.0

    def ran(self, begin: float) -> None:
        """Record that the task has just run, and when it began."""
        now = time.monotonic()
        self.due = now + max(self._interval, PAUSE_PER_LISTING * (now - begin))

    @property
    def is_due(self) -> bool:
        """Whether the task is due."""
        return time.monotonic() >= self.due


class KindWatcher(ABC):
    """Watches one kind."""

    @property
    @abstractmethod
    def due(self) -> float:
        """When to look again, on the monotonic clock."""

    @abstractmethod
    def look(self, go_on: GoOn) -> Sequence[Change]:
        """Read all objects the first time, then the objects that may have changed. Core compares them."""


class ScheduledWatcher(KindWatcher):
    """Watches one kind by requests that take the server some time."""

    def __init__(self, interval: float) -> None:
        self._schedule = Schedule(interval)

    @property
    def due(self) -> float:
        """`KindWatcher.due`."""
        return self._schedule.due


class PolledKind(ScheduledWatcher):
    """Watches a kind, or chosen objects, by reading them again: their service reports no changes."""

    def __init__(self, adapter: Adapter[Any], query: Query[Any], interval: float) -> None:
        super().__init__(interval)
        self._adapter = adapter
        self._query = query
        self._alive: set[Ref] = set()

    def look(self, go_on: GoOn) -> Sequence[Change]:
        """All objects, and the objects that are gone."""
        begin = time.monotonic()
        records = read_all(self._adapter, self._query, go_on)
        found = {record.ref for record in records}
        gone, self._alive = self._alive - found, found
        self._schedule.ran(begin)
        return [*map(Gone, gone), *map(Upsert, records)]
