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
"""How many seconds successive requests to cinder overlap: the clocks of its hosts differ."""

VMS = "vms"

LIMIT = ("limit", "1000")


class Revision(msgspec.Struct):
    id: str
    revision_number: int = 0


class Identified(msgspec.Struct):
    id: str


class NetworkWatcher(ScheduledWatcher):
    """Networks: lists identifiers and revisions. A change of a network's subnets raises its revision too."""

    def __init__(self, adapter: TableAdapter[Any], query: Query[Any], interval: float) -> None:
        super().__init__(interval)
        self._adapter = adapter
        self._query = query
        self._revisions: Mapping[str, int] = {}

    def look(self, go_on: GoOn) -> Sequence[Change]:
        """The networks whose revision has changed, and the networks that are gone."""
        begin = time.monotonic()
        revisions = self._listed(go_on)
        known, make = self._revisions, self._adapter.ref
        changed = {id for id, revision in revisions.items() if known.get(id) != revision}
        gone = [Gone(make(id)) for id in known.keys() - revisions.keys()]
        records = self._records(changed, go_on)
        self._revisions = revisions
        self._schedule.ran(begin)
        return [*gone, *map(Upsert, records)]

    def _records(self, ids: Set[str], go_on: GoOn) -> Sequence[Any]:
        """The records of these networks, read by identifier, or picked from all networks if they are many."""
        if len(ids) <= IN_A_QUERY:
            return self._adapter.get([self._adapter.ref(id) for id in ids], self._query) if ids else []
        items: list[Any] = []
        rows = self._adapter.rows(self._query)
        for page in self._adapter.pages(rows, self._adapter.everything()):
            go_on()
            items += rows.among(page.items, ids).values()
        return self._adapter.made(self._query, rows, items)

    def _listed(self, go_on: GoOn) -> dict[str, int]:
        parameters: Parameters = [("fields", "id"), ("fields", "revision_number"), LIMIT]
        revisions: dict[str, int] = {}
        for page in pages(self._adapter.service, "/networks", "networks", parameters=parameters, type=Revision):
            go_on()
            revisions.update((network.id, network.revision_number) for network in page.items)
        return revisions


class VolumeWatcher(ScheduledWatcher):
    """Volumes: lists identifiers, and asks cinder for the volumes that have changed since the last request."""

    def __init__(self, adapter: TableAdapter[Any], query: Query[Any], interval: float) -> None:
        super().__init__(interval)
        self._adapter = adapter
        self._query = query
        self._rows = adapter.rows(query)
        self._since: datetime | None = None
        self._alive: set[Ref] = set()
        self._shared: set[Ref] = set()

    def look(self, go_on: GoOn) -> Sequence[Change]:
        """The volumes that changed, and the volumes that are gone.

        Identifiers are listed first: a volume that is new after that counts as changed.
        """
        begin = time.monotonic()
        listed = None if self._since is None else self._ids(go_on)
        records = self._changed(go_on)
        found = {record.ref for record in records}
        if listed is not None:
            records += self._unreported(((listed - self._alive) | (listed & self._shared)) - found, go_on)
            found = {record.ref for record in records}
        gone = set() if listed is None else self._alive - listed - found
        self._alive = (self._alive | found) - gone
        self._share(records)
        self._schedule.ran(begin)
        return [*map(Gone, gone), *map(Upsert, records)]

    def _unreported(self, refs: Set[Ref], go_on: GoOn) -> list[Any]:
        """Read volumes whose changes cinder does not report: a volume that was created and not updated since, or a
        volume of several servers that was detached from one of them.
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
        parameters = [*self._adapter.everything(), LIMIT]
        refs: set[Ref] = set()
        for page in pages(self._adapter.service, "/volumes", "volumes", parameters=parameters, type=Identified):
            go_on()
            refs.update(self._adapter.ref(volume.id) for volume in page.items)
        return refs

    def _changed(self, go_on: GoOn) -> list[Any]:
        """The changed volumes; all volumes the first time, and if native properties are wanted.

        Cinder does not report all changes of native properties.
        """
        parameters = list(self._adapter.everything())
        if self._since is not None and not self._query.native:
            parameters.append(("updated_at", f"gte:{self._since:%Y-%m-%dT%H:%M:%S}"))
        items: list[Any] = []
        asked_at: float | None = None
        begin = time.monotonic()
        for page in self._adapter.pages(self._rows, parameters):
            go_on()
            asked_at = asked_at or page.reply.date.timestamp() - (time.monotonic() - begin)
            items += page.items
        if asked_at is not None:
            self._since = datetime.fromtimestamp(asked_at - OVERLAP, UTC)
        return list(self._adapter.made(self._query, self._rows, items))
