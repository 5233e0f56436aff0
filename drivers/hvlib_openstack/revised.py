"""Kinds of which only what has changed is read again: networks by their revision, volumes by their time of change."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from hvlib.driver import REFS_PER_CALL, Change, Gone, Upsert
from hvlib.query import Query
from hvlib.ref import Ref
from hvlib_openstack.paging import pages
from hvlib_openstack.table import Records
from hvlib_openstack.watched import GoOn, Paced, Watched

if TYPE_CHECKING:
    from hvlib_openstack.adapter import TableAdapter
    from hvlib_openstack.service import Parameters

__all__ = ["Networks", "Volumes"]

OVERLAP = 5
"""Seconds for which cinder is asked once more: the clocks of its hosts differ."""

LIMIT = ("limit", "1000")


class Revision(msgspec.Struct):
    id: str
    revision_number: int = 0


class Identified(msgspec.Struct):
    id: str


class Networks(Watched):
    """Networks: their identifiers and revisions are listed, which a change of their subnets raises too."""

    def __init__(self, adapter: TableAdapter[Any], query: Query[Any], interval: float) -> None:
        self._adapter = adapter
        self._query = query
        self._pace = Paced(interval)
        self._revisions: Mapping[str, int] = {}

    @property
    def due(self) -> float:  # type: ignore[override]
        """`Watched.due`."""
        return self._pace.due

    def look(self, go_on: GoOn) -> Sequence[Change]:
        """Those with another revision, and what is gone."""
        begin = time.monotonic()
        found = self._found(go_on)
        known, make = self._revisions, self._adapter.ref
        changed = [make(id) for id, revision in found.items() if known.get(id) != revision]
        changes: list[Change] = [Gone(make(id)) for id in known.keys() - found.keys()]
        for start in range(0, len(changed), REFS_PER_CALL):
            go_on()
            changes += map(Upsert, self._adapter.get(changed[start : start + REFS_PER_CALL], self._query))
        self._revisions = found
        self._pace.ran(begin)
        return changes

    def _found(self, go_on: GoOn) -> dict[str, int]:
        asked: Parameters = [("fields", "id"), ("fields", "revision_number"), LIMIT]
        found: dict[str, int] = {}
        table = self._adapter.table
        for page in pages(self._adapter.service, table.path, table.key, parameters=asked, type=Revision):
            go_on()
            found.update((network.id, network.revision_number) for network in page.items)
        return found


class Volumes(Watched):
    """Volumes: their identifiers are listed, and cinder is asked for those that changed since it was last."""

    def __init__(self, adapter: TableAdapter[Any], query: Query[Any], interval: float) -> None:
        self._adapter = adapter
        self._query = query
        self._pace = Paced(interval)
        self._rows: Records[Any] = Records(adapter.table, query, adapter.session, {})
        self._since: datetime | None = None
        self._alive: set[Ref] = set()

    @property
    def due(self) -> float:  # type: ignore[override]
        """`Watched.due`."""
        return self._pace.due

    def look(self, go_on: GoOn) -> Sequence[Change]:
        """Those that changed, and what is gone. The identifiers go first: who came meanwhile has changed."""
        begin = time.monotonic()
        there = None if self._since is None else self._ids(go_on)
        records = self._changed(go_on)
        found = {record.ref for record in records}
        gone = set() if there is None else self._alive - there - found
        self._alive = (self._alive | found) - gone
        self._pace.ran(begin)
        return [*map(Gone, gone), *map(Upsert, records)]

    def _ids(self, go_on: GoOn) -> set[Ref]:
        asked = [*self._adapter.everything(), LIMIT]
        found: set[Ref] = set()
        for page in pages(self._adapter.service, "/volumes", "volumes", parameters=asked, type=Identified):
            go_on()
            found.update(self._adapter.ref(volume.id) for volume in page.items)
        return found

    def _changed(self, go_on: GoOn) -> list[Any]:
        """All, the first time."""
        asked = list(self._adapter.everything())
        if self._since is not None:
            asked.append(("updated_at", f"gte:{self._since:%Y-%m-%dT%H:%M:%S}"))
        items: list[Any] = []
        date: datetime | None = None
        for page in self._adapter.pages(self._rows, asked):
            go_on()
            date = date or page.reply.date
            items += page.items
        if date is not None:
            self._since = datetime.fromtimestamp(date.timestamp() - OVERLAP, UTC)
        return list(self._adapter.made(self._query, items))
