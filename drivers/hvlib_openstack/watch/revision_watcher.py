"""Kinds of which only changed objects are read again: networks by their revision, volumes by their time of change."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Any

import msgspec

from hvlib.driver import Change, Gone, Upsert, in_calls
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib_openstack.adapter import IN_A_QUERY, TableAdapter
from hvlib_openstack.paging import pages
from hvlib_openstack.watch.kind_watcher import GoOn, ScheduledWatcher
from hvlib_openstack.wire.service import Parameters

__all__ = ["NetworkWatcher", "VolumeWatcher"]

OVERLAP = 5
"""Seconds for which cinder is asked once more: the clocks of its hosts differ."""

VMS = "vms"

LIMIT = ("limit", "1000")


class Revision(msgspec.Struct):
    id: str
    revision_number: int = 0


class Identified(msgspec.Struct):
    id: str


class NetworkWatcher(ScheduledWatcher):
    """Networks: their identifiers and revisions are listed, which a change of their subnets raises too."""

    def __init__(self, adapter: TableAdapter[Any], query: Query[Any], interval: float) -> None:
        super().__init__(interval)
        self._adapter = adapter
        self._query = query
        self._revisions: Mapping[str, int] = {}

    def look(self, go_on: GoOn) -> Sequence[Change]:
        """The networks that have another revision, and those that are gone."""
        begin = time.monotonic()
        found = self._found(go_on)
        known, make = self._revisions, self._adapter.ref
        changed = {id for id, revision in found.items() if known.get(id) != revision}
        gone = [Gone(make(id)) for id in known.keys() - found.keys()]
        records = self._records(changed, go_on)
        self._revisions = found
        self._schedule.ran(begin)
        return [*gone, *map(Upsert, records)]

    def _records(self, ids: Set[str], go_on: GoOn) -> Sequence[Any]:
        """The records of these networks: asked for by identifier, or, if they are many, picked from all."""
        if len(ids) <= IN_A_QUERY:
            return self._adapter.get([self._adapter.ref(id) for id in ids], self._query) if ids else []
        items: list[Any] = []
        rows = self._adapter.rows(self._query)
        for page in self._adapter.pages(rows, self._adapter.everything()):
            go_on()
            items += rows.among(page.items, ids).values()
        return self._adapter.made(self._query, rows, items)

    def _found(self, go_on: GoOn) -> dict[str, int]:
        asked: Parameters = [("fields", "id"), ("fields", "revision_number"), LIMIT]
        found: dict[str, int] = {}
        for page in pages(self._adapter.service, "/networks", "networks", parameters=asked, type=Revision):
            go_on()
            found.update((network.id, network.revision_number) for network in page.items)
        return found


class VolumeWatcher(ScheduledWatcher):
    """Volumes: their identifiers are listed, and cinder is asked for those that changed since it was last."""

    def __init__(self, adapter: TableAdapter[Any], query: Query[Any], interval: float) -> None:
        super().__init__(interval)
        self._adapter = adapter
        self._query = query
        self._rows = adapter.rows(query)
        self._since: datetime | None = None
        self._alive: set[Ref] = set()
        self._shared: set[Ref] = set()

    def look(self, go_on: GoOn) -> Sequence[Change]:
        """The volumes that changed, and those that are gone. Identifiers go first: a new volume counts as changed."""
        begin = time.monotonic()
        there = None if self._since is None else self._ids(go_on)
        records = self._changed(go_on)
        found = {record.ref for record in records}
        if there is not None:
            records += self._untold(((there - self._alive) | (there & self._shared)) - found, go_on)
            found = {record.ref for record in records}
        gone = set() if there is None else self._alive - there - found
        self._alive = (self._alive | found) - gone
        self._share(records)
        self._schedule.ran(begin)
        return [*map(Gone, gone), *map(Upsert, records)]

    def _untold(self, refs: Set[Ref], go_on: GoOn) -> list[Any]:
        """Volumes of which cinder tells no change: one that it has made and not looked at again, one of several servers
        of which one is gone.
        """
        records: list[Any] = []
        wanted = sorted(refs, key=str)
        for part in in_calls(wanted):
            go_on()
            records += self._adapter.get(part, self._query)
        return records

    def _share(self, records: Sequence[Any]) -> None:
        """Note which of these volumes are attached to several servers."""
        if VMS in self._query.fields:
            self._shared -= {record.ref for record in records}
            self._shared |= {record.ref for record in records if len(record.vms) > 1}

    def _ids(self, go_on: GoOn) -> set[Ref]:
        asked = [*self._adapter.everything(), LIMIT]
        found: set[Ref] = set()
        for page in pages(self._adapter.service, "/volumes", "volumes", parameters=asked, type=Identified):
            go_on()
            found.update(self._adapter.ref(volume.id) for volume in page.items)
        return found

    def _changed(self, go_on: GoOn) -> list[Any]:
        """The changed volumes; all of them the first time, and where cinder's own records are wanted.

        Cinder does not tell all changes of its own records.
        """
        asked = list(self._adapter.everything())
        if self._since is not None and not self._query.native:
            asked.append(("updated_at", f"gte:{self._since:%Y-%m-%dT%H:%M:%S}"))
        items: list[Any] = []
        asked_at: float | None = None
        begin = time.monotonic()
        for page in self._adapter.pages(self._rows, asked):
            go_on()
            asked_at = asked_at or page.reply.date.timestamp() - (time.monotonic() - begin)
            items += page.items
        if asked_at is not None:
            self._since = datetime.fromtimestamp(asked_at - OVERLAP, UTC)
        return list(self._adapter.made(self._query, self._rows, items))
