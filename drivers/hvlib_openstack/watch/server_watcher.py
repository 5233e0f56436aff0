"""Servers: nova's changes-since, and at intervals a listing, for the changes that nova does not report."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Any

import msgspec

from hvlib.driver import Change, Gone, Upsert
from hvlib.model.errors import ConnectionFailed, CursorLost, PartialResult, ProtocolError
from hvlib.model.query import Query
from hvlib.model.resources import VM
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.cells import check_cell
from hvlib_openstack.joins import MAX_SINGLE_READS
from hvlib_openstack.operations.server_outcome import state_of
from hvlib_openstack.paging import pages
from hvlib_openstack.values import moment
from hvlib_openstack.watch.cursor import Cursor, total
from hvlib_openstack.watch.kind_watcher import GoOn, Intervals, KindWatcher, Schedule
from hvlib_openstack.watch.sightings import Seen, Sightings
from hvlib_openstack.wire.client import Client
from hvlib_openstack.wire.service import Parameters

__all__ = ["ServerWatcher"]

OVERLAP = 5
"""How many seconds successive requests to nova overlap: it counts in whole seconds, and its hosts' clocks differ."""

YOUNG_AGE = 3 * OVERLAP
"""Seconds. Clocks differ: if a server was created less than this before a cursor, its creation time does not prove that
it existed when the cursor was made. The cursor lists such servers."""

GONE = frozenset({"DELETED", "SOFT_DELETED"})

UNREPORTED = frozenset({"tags", "networks", "volumes", "ip_addresses"})
"""Fields whose changes nova does not report."""

BESIDES = ("power_state", "created_at")
"""More fields to read: their columns show whether a server is gone, and how old it is."""

ALL = "*"


class Identified(msgspec.Struct):
    id: str
    name: str = ""
    status: str | None = None


class ServerWatcher(KindWatcher):
    """Watches the servers of a project, or of all projects. ``since``: the cursor of an earlier watch."""

    def __init__(
        self,
        adapter: TableAdapter[Any],
        query: Query[Any],
        since: Cursor | None,
        intervals: Intervals,
        sightings: Sightings,
    ) -> None:
        client = adapter.client
        self._adapter = adapter
        self._query = query
        self._client = client
        self._rows = adapter.rows(query, *BESIDES)
        self._since = since
        self._poll_interval = intervals.poll
        self._sweep = Schedule(intervals.sweep)
        self._sightings = sightings
        self._due = 0.0
        self._at = 0
        """Nova's time of the last reading; 0 before the first."""
        self._alive: dict[str, int] = {}
        """The creation time of each existing server."""
        self._reported: dict[str, int] = {}
        """The time at which each recent deletion was read."""
        self._lists_rows = query.native or bool(UNREPORTED & query.fields)

    @property
    def due(self) -> float:
        """`KindWatcher.due`."""
        return self._due

    def look(self, go_on: GoOn) -> Sequence[Change]:
        """First all servers, or the changes since the cursor; then the changes that nova reports or a listing shows.

        Raises `ConnectionFailed` if nova's answer is incomplete, because a cell is down: core tries again then, as
        after a lost connection.
        """
        try:
            changes = self._changes(go_on)
        except PartialResult as error:
            raise ConnectionFailed(str(error)) from error
        self._forget()
        self._sightings.last = Seen(self._at, self._alive.keys())
        self._due = time.monotonic() + self._poll_interval
        return changes

    @property
    def cursor(self) -> Cursor:
        """The cursor of this watch at the end of the last look."""
        oldest = self._at - YOUNG_AGE
        return Cursor(
            region=self._client.login.about.uuid,
            scope=_scope(self._client),
            at=self._at,
            servers=len(self._alive),
            sum=f"{total(self._alive):x}",
            young=tuple(id for id, created in self._alive.items() if created >= oldest),
            told=tuple(self._reported),
        )

    def _changes(self, go_on: GoOn) -> Sequence[Change]:
        if self._at != 0:
            return self._next(go_on)
        return self._begin(go_on) if self._since is None else self._resume(self._since, go_on)

    def _begin(self, go_on: GoOn) -> Sequence[Change]:
        """A listing, and nova's changes of the last seconds.

        Nova reports the deletions of these seconds once more after the cursor, so the cursor has to list them.
        """
        seen = self._sightings.last
        listed = self._read_all(go_on)
        existing, gone = self._changed(min(self._at, seen.at) - OVERLAP, go_on)
        items = {**self._existing(listed, gone), **existing}
        self._account_for(seen.ids - items.keys() - gone.keys())
        self._alive = self._creation_times(items)
        return [Upsert(record) for record in self._made(items.values())]

    def _next(self, go_on: GoOn) -> Sequence[Change]:
        """The listing comes first: a server that it lacks must be among the changes that nova reports afterwards."""
        since = self._at - OVERLAP
        listed = self._listed(go_on) if self._sweep.is_due else None
        existing, gone = self._changed(since, go_on)
        if listed is not None:
            self._check_reported(self._alive.keys() - listed.keys() - existing.keys() - gone.keys())
            new = listed.keys() - self._alive.keys() - existing.keys() - gone.keys()
            existing |= self._missed({id: listed[id] for id in new}, go_on)
        known = self._alive.keys()
        self._alive = {
            id: born for id, born in {**self._alive, **self._creation_times(existing)}.items() if id not in gone
        }
        records = self._made({**self._existing(listed or {}, gone), **existing}.values())
        return [*self._gone(gone.keys() & known), *map(Upsert, records)]

    def _resume(self, since: Cursor, go_on: GoOn) -> Sequence[Change]:
        """The changes since a cursor. Raises `CursorLost` if nova does not remember all deleted servers."""
        if (since.region, since.scope) != (self._client.login.about.uuid, _scope(self._client)):
            raise CursorLost("the cursor is of another region or project")
        listed = self._listed(go_on)
        existing, gone = self._changed(since.at - OVERLAP, go_on)
        ages = {**dict.fromkeys(listed, 0), **self._creation_times({**self._existing(listed, gone), **existing})}
        self._alive = {id: born for id, born in ages.items() if id not in gone}
        self._account_for(self._sightings.last.ids - self._alive.keys() - gone.keys())
        came, went = since.difference(self._alive, gone, YOUNG_AGE)
        records = self._made({**self._existing(listed, gone), **existing}.values())
        return [*self._gone(went), *(Upsert(record, record.ref.id in came) for record in records)]

    def _check_reported(self, missing: Set[str]) -> None:
        """Raise `CursorLost` for servers that are gone although nova has not reported it."""
        self._account_for(missing)
        if missing:
            raise CursorLost("nova does not remember what became of a server that is gone")

    def _account_for(self, missing: Set[str]) -> None:
        """Read a few servers that nova neither lists nor reports as deleted, one by one.

        Raises `PartialResult` for a server that still exists: nova leaves servers out.
        """
        for id in sorted(missing)[:MAX_SINGLE_READS]:
            try:
                exists = state_of(self._client, id) is not None
            except ProtocolError as error:
                raise PartialResult(f"nova does not list the server {id}, and can't show it: {error}") from error
            if exists:
                raise PartialResult(f"nova does not list all servers: {id} exists, but is not listed")

    def _missed(self, listed: dict[str, Any], go_on: GoOn) -> dict[str, Any]:
        """Read listed servers that nova has not reported: their cell was down when servers were last listed."""
        if self._lists_rows:
            return listed
        if len(listed) <= MAX_SINGLE_READS:
            return {id: item for id in sorted(listed) for item in self._adapter.item(self._rows, id)}
        at = self._at
        items = self._read([], go_on)
        self._at = at  # Set back: the others' changes since then are still to be read.
        return {id: item for id, item in items.items() if id in listed}

    def _made(self, items: Iterable[Any]) -> Sequence[VM]:
        return self._adapter.made(self._query, self._rows, list(items))

    def _gone(self, ids: Iterable[str]) -> Iterator[Change]:
        return (Gone(self._client.context.ref(VM, id)) for id in ids)

    def _changed(self, since: int, go_on: GoOn) -> tuple[dict[str, Any], dict[str, int]]:
        """Nova's changes since a time: the existing servers, and the creation times of the deleted servers."""
        changes_since = ("changes-since", datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        items = self._read([changes_since], go_on)
        gone = {id: item for id, item in items.items() if item.status in GONE}
        self._reported |= dict.fromkeys(gone, self._at)
        return {id: item for id, item in items.items() if id not in gone}, self._creation_times(gone)

    def _listed(self, go_on: GoOn) -> dict[str, Any]:
        """Every server; None in place of each row if nova reports all changes of the query's fields."""
        begin = time.monotonic()
        servers: dict[str, Any] = self._read_all(go_on) if self._lists_rows else dict.fromkeys(self._ids(go_on))
        self._sweep.ran(begin)
        return servers

    def _read_all(self, go_on: GoOn) -> dict[str, Any]:
        begin = time.monotonic()
        items = self._read([], go_on)
        self._sweep.ran(begin)
        return items

    def _read(self, parameters: Parameters, go_on: GoOn) -> dict[str, Any]:
        """Servers by identifier, read in pages. The next request asks for changes since this one, by nova's clock.

        Services may date a reply when they send it, long after they have read its data: so the time that the first page
        took is subtracted. Sets ``_at``.
        """
        items: dict[str, Any] = {}
        at, begin = None, time.monotonic()
        for page in self._adapter.pages(self._rows, [*self._adapter.everything(), *parameters]):
            go_on()
            at = at or int(page.reply.date.timestamp() - (time.monotonic() - begin))
            items.update((item.id, item) for item in page.items)
        self._at = at or self._at
        return items

    def _ids(self, go_on: GoOn) -> Iterator[str]:
        nova, version = self._client.compute, self._client.login.compute
        parameters = [*self._adapter.everything(), *self._adapter.limit(None)]
        for page in pages(nova, "/servers", "servers", parameters=parameters, type=Identified, version=version):
            go_on()
            for item in page.items:
                check_cell(item.id, item.status, item.name)
                yield item.id

    def _existing(self, listed: dict[str, Any], gone: Container[str]) -> dict[str, Any]:
        return {id: item for id, item in listed.items() if item is not None and id not in gone}

    def _creation_times(self, items: Mapping[str, Any]) -> dict[str, int]:
        """When servers were created, in seconds since 1970."""
        return {id: _epoch(item.created) for id, item in items.items()}

    def _forget(self) -> None:
        """Forget the deleted servers whose deletion nova will not report again."""
        self._reported = {id: at for id, at in self._reported.items() if at >= self._at - YOUNG_AGE}


def _scope(client: Client) -> str:
    return ALL if client.all_projects else client.login.project


def _epoch(created: datetime) -> int:
    born = moment(created)
    return 0 if born is None else int(born.timestamp())
