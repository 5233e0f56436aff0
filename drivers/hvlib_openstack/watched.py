"""What is watched of one kind: all of it, and then, again and again, what differs."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hvlib.driver import REFS_PER_CALL, Change, Gone, PageToken, Upsert
from hvlib.model.errors import ProtocolError
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

if TYPE_CHECKING:
    from hvlib_openstack.adapter import TableAdapter

__all__ = ["Chosen", "Listed", "Paced", "Watched"]

SHARE = 5
"""A pause between two listings is at least so many times as long as a listing takes: the server has others to serve."""

GoOn = Callable[[], None]
"""Raises once the watch is closed."""


class Paced:
    """When something that takes the server some time is due again."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self.due = 0.0

    def ran(self, begin: float) -> None:
        """It ran, from a moment on the monotonic clock."""
        now = time.monotonic()
        self.due = now + max(self._interval, SHARE * (now - begin))

    @property
    def is_due(self) -> bool:
        """Whether it is time."""
        return time.monotonic() >= self.due


class Watched(ABC):
    """One kind of a watch. ``due``: when to look again, on the monotonic clock."""

    due: float

    @abstractmethod
    def look(self, go_on: GoOn) -> Sequence[Change]:
        """What there is, the first time; then what may have changed. Core finds out what of it has."""


class Listed(Watched):
    """A kind whose service tells no changes: it is listed again."""

    def __init__(self, adapter: TableAdapter[Any], query: Query[Any], interval: float) -> None:
        self._adapter = adapter
        self._query = query
        self._pace = Paced(interval)
        self._alive: set[Ref] = set()

    @property
    def due(self) -> float:  # type: ignore[override]
        """`Watched.due`."""
        return self._pace.due

    def look(self, go_on: GoOn) -> Sequence[Change]:
        """All that there is, and what there was before."""
        begin = time.monotonic()
        records = self._list(go_on)
        found = {record.ref for record in records}
        gone, self._alive = self._alive - found, found
        self._pace.ran(begin)
        return [*map(Gone, gone), *map(Upsert, records)]

    def _list(self, go_on: GoOn) -> list[Resource]:
        """Every page. What has no end is noticed."""
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


class Chosen(Listed):
    """Chosen objects of a kind."""

    def _list(self, go_on: GoOn) -> list[Resource]:
        refs = self._query.refs or ()
        records: list[Resource] = []
        for start in range(0, len(refs), REFS_PER_CALL):
            go_on()
            records += self._adapter.get(refs[start : start + REFS_PER_CALL], self._query)
        return records
