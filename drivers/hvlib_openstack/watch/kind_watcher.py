"""One kind's part of a watch: reads all of the kind at first, then, again and again, the objects that may differ."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hvlib.driver import REFS_PER_CALL, Adapter, Change, Gone, PageToken, Upsert
from hvlib.model.errors import ProtocolError
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["GoOn", "Intervals", "KindWatcher", "PolledKind", "PolledRefs", "Schedule", "ScheduledWatcher"]

PAUSE_PER_LISTING = 5
"""The least pause after a listing, in times of the listing's duration: the server has others to serve."""

GoOn = Callable[[], None]
"""Raises once the watch is closed."""


class Intervals(msgspec.Struct, frozen=True):
    """Pauses of a watch, in seconds.

    | poll: between two questions to nova for changes
    | sweep: between two listings of objects whose service tells no changes
    """

    poll: float
    sweep: float


class Schedule:
    """Says when a task that takes the server some time is due again. ``due``: a moment on the monotonic clock."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self.due = 0.0

    def ran(self, begin: float) -> None:
        """Note that the task has just run, and when it began."""
        now = time.monotonic()
        self.due = now + max(self._interval, PAUSE_PER_LISTING * (now - begin))

    @property
    def is_due(self) -> bool:
        """Whether it is time."""
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
    """Watches one kind by questions that take the server some time."""

    def __init__(self, interval: float) -> None:
        self._schedule = Schedule(interval)

    @property
    def due(self) -> float:
        """`KindWatcher.due`."""
        return self._schedule.due


class PolledKind(ScheduledWatcher):
    """Watches a kind whose service tells no changes: lists it again."""

    def __init__(self, adapter: Adapter[Any], query: Query[Any], interval: float) -> None:
        super().__init__(interval)
        self._adapter = adapter
        self._query = query
        self._alive: set[Ref] = set()

    def look(self, go_on: GoOn) -> Sequence[Change]:
        """All objects, and the ones that are not there any more."""
        begin = time.monotonic()
        records = self._list(go_on)
        found = {record.ref for record in records}
        gone, self._alive = self._alive - found, found
        self._schedule.ran(begin)
        return [*map(Gone, gone), *map(Upsert, records)]

    def _list(self, go_on: GoOn) -> list[Resource]:
        """Every page. Raises `ProtocolError` for pages without an end."""
        records: list[Resource] = []
        token: PageToken | None = None
        seen: set[PageToken | None] = set()
        while token not in seen:
            seen.add(token)
            go_on()
            page = self._adapter.page(self._query, token)
            records += page.items
            token = page.next
            if token is None:
                return records
        raise ProtocolError(f"the pages of {self._query.kind.kind} have no end: one leads back to another")


class PolledRefs(PolledKind):
    """Watches chosen objects of a kind."""

    def _list(self, go_on: GoOn) -> list[Resource]:
        refs = self._query.refs or ()
        records: list[Resource] = []
        for start in range(0, len(refs), REFS_PER_CALL):
            go_on()
            records += self._adapter.get(refs[start : start + REFS_PER_CALL], self._query)
        return records
