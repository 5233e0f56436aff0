"""Servers: nova's changes-since, and now and then a listing, for the changes that nova does not tell."""

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
"""Seconds for which nova is asked once more: it counts in whole ones, and the clocks of its hosts differ."""

YOUNG_AGE = 3 * OVERLAP
"""Seconds for which a server's age does not tell whether it was there at a moment."""

GONE = frozenset({"DELETED", "SOFT_DELETED"})

HIDDEN = frozenset({"tags", "networks", "volumes", "ip_addresses"})
"""Fields that change without nova telling it."""

BESIDES = ("power_state", "created_at")
"""Fields whose columns tell whether a server is gone, and how old it is."""

ALL = "*"


class Identified(msgspec.Struct):
    id: str
    name: str = ""
    status: str | None = None


class ServerWatcher(KindWatcher):
    """The servers of a project, or of all. ``since``: where an earlier watch stood."""

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
        self._alive: dict[str, int] = {}
        self._told: dict[str, int] = {}
        self._whole = query.native or bool(HIDDEN & query.fields)

    @property
    def due(self) -> float:
        """`KindWatcher.due`."""
        return self._due

    def look(self, go_on: GoOn) -> Sequence[Change]:
        """All, the first time, or what came since the cursor; then what nova tells, and what a listing shows.

        A cell that is down comes back, as a connection does: `ConnectionFailed`.
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
        """The cursor of this watch as it stands now."""
        oldest = self._at - YOUNG_AGE
        return Cursor(
            region=self._client.login.about.uuid,
            scope=_scope(self._client),
            at=self._at,
            servers=len(self._alive),
            sum=f"{total(self._alive):x}",
            young=tuple(id for id, created in self._alive.items() if created >= oldest),
            told=tuple(self._told),
        )

    def _changes(self, go_on: GoOn) -> Sequence[Change]:
        if self._at != 0:
            return self._next(go_on)
        return self._begin(go_on) if self._since is None else self._resume(self._since, go_on)

    def _begin(self, go_on: GoOn) -> Sequence[Change]:
        """A listing, and what nova tells of the last seconds: a cursor must know who was gone before it."""
        seen = self._sightings.last
        listed = self._everything(go_on)
        there, gone = self._changed(min(self._at, seen.at) - OVERLAP, go_on)
        items = {**self._rest(listed, gone), **there}
        self._account_for(seen.ids - items.keys() - gone.keys())
        self._alive = self._ages(items)
        return [Upsert(record) for record in self._made(items.values())]

    def _next(self, go_on: GoOn) -> Sequence[Change]:
        """The listing goes first: what it lacks must be among what nova tells afterwards."""
        since = self._at - OVERLAP
        listed = self._listed(go_on) if self._sweep.is_due else None
        there, gone = self._changed(since, go_on)
        if listed is not None:
            self._all_told(self._alive.keys() - listed.keys() - there.keys() - gone.keys())
            new = listed.keys() - self._alive.keys() - there.keys() - gone.keys()
            there |= self._untold({id: listed[id] for id in new}, go_on)
        known = self._alive.keys()
        self._alive = {id: born for id, born in {**self._alive, **self._ages(there)}.items() if id not in gone}
        records = self._made({**self._rest(listed or {}, gone), **there}.values())
        return [*self._leave(gone.keys() & known), *map(Upsert, records)]

    def _resume(self, since: Cursor, go_on: GoOn) -> Sequence[Change]:
        """The changes since a cursor. Raises `CursorLost` where nova does not remember all servers that went."""
        if (since.region, since.scope) != (self._client.login.about.uuid, _scope(self._client)):
            raise CursorLost("the cursor is of another region or project")
        listed = self._listed(go_on)
        there, gone = self._changed(since.at - OVERLAP, go_on)
        ages = {**dict.fromkeys(listed, 0), **self._ages({**self._rest(listed, gone), **there})}
        self._alive = {id: born for id, born in ages.items() if id not in gone}
        self._account_for(self._sightings.last.ids - self._alive.keys() - gone.keys())
        came, went = since.difference(self._alive, gone, YOUNG_AGE)
        records = self._made({**self._rest(listed, gone), **there}.values())
        return [*self._leave(went), *(Upsert(record, record.ref.id in came) for record in records)]

    def _all_told(self, missing: Set[str]) -> None:
        """Raises `CursorLost` for servers that are gone without nova telling it."""
        self._account_for(missing)
        if missing:
            raise CursorLost("nova does not remember what became of a server that is gone")

    def _account_for(self, missing: Set[str]) -> None:
        """Ask for a few servers that are not listed, and of whose end nova does not tell, one by one.

        Raises `PartialResult` where nova leaves them out.
        """
        for id in sorted(missing)[:MAX_SINGLE_READS]:
            try:
                there = state_of(self._client, id) is not None
            except ProtocolError as error:
                raise PartialResult(f"nova does not list the server {id}, nor tell of it: {error}") from error
            if there:
                raise PartialResult(f"nova does not list all servers: {id} is there")

    def _untold(self, listed: dict[str, Any], go_on: GoOn) -> dict[str, Any]:
        """Servers that are listed, and that nova has not told of: their cell was down when they were last listed."""
        if self._whole:
            return listed
        if len(listed) <= MAX_SINGLE_READS:
            return {id: item for id in sorted(listed) for item in self._adapter.item(self._rows, id)}
        at = self._at
        items = self._read([], go_on)
        self._at = at  # Of the others, what nova has told is as old as it was.
        return {id: item for id, item in items.items() if id in listed}

    def _made(self, items: Iterable[Any]) -> Sequence[VM]:
        return self._adapter.made(self._query, self._rows, list(items))

    def _leave(self, ids: Iterable[str]) -> Iterator[Change]:
        return (Gone(self._client.context.ref(VM, id)) for id in ids)

    def _changed(self, since: int, go_on: GoOn) -> tuple[dict[str, Any], dict[str, int]]:
        """Nova's changes since a time: the servers that are there, and those that are gone, with their births."""
        asked = ("changes-since", datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        items = self._read([asked], go_on)
        gone = {id: item for id, item in items.items() if item.status in GONE}
        self._told |= dict.fromkeys(gone, self._at)
        return {id: item for id, item in items.items() if id not in gone}, self._ages(gone)

    def _listed(self, go_on: GoOn) -> dict[str, Any]:
        """Every server; None for each where nova tells all that is asked for by itself."""
        begin = time.monotonic()
        found: dict[str, Any] = self._everything(go_on) if self._whole else dict.fromkeys(self._ids(go_on))
        self._sweep.ran(begin)
        return found

    def _everything(self, go_on: GoOn) -> dict[str, Any]:
        begin = time.monotonic()
        items = self._read([], go_on)
        self._sweep.ran(begin)
        return items

    def _read(self, asked: Parameters, go_on: GoOn) -> dict[str, Any]:
        """Servers by identifier, in pages. The next question begins where this one did, by nova's clock.

        Servers may date a reply when they send it, long after they have read what it tells.
        """
        items: dict[str, Any] = {}
        at, begin = None, time.monotonic()
        for page in self._adapter.pages(self._rows, [*self._adapter.everything(), *asked]):
            go_on()
            at = at or int(page.reply.date.timestamp() - (time.monotonic() - begin))
            items.update((item.id, item) for item in page.items)
        self._at = at or self._at
        return items

    def _ids(self, go_on: GoOn) -> Iterator[str]:
        nova, version = self._client.compute, self._client.login.compute
        asked = [*self._adapter.everything(), *self._adapter.limit(None)]
        for page in pages(nova, "/servers", "servers", parameters=asked, type=Identified, version=version):
            go_on()
            for item in page.items:
                check_cell(item.id, item.status, item.name)
                yield item.id

    def _rest(self, listed: dict[str, Any], gone: Container[str]) -> dict[str, Any]:
        return {id: item for id, item in listed.items() if item is not None and id not in gone}

    def _ages(self, items: Mapping[str, Any]) -> dict[str, int]:
        """When servers were born."""
        return {id: _epoch(item.created) for id, item in items.items()}

    def _forget(self) -> None:
        """Forget the gone servers that nova does not tell of any more."""
        self._told = {id: at for id, at in self._told.items() if at >= self._at - YOUNG_AGE}


def _scope(client: Client) -> str:
    return ALL if client.all_projects else client.login.project


def _epoch(created: datetime) -> int:
    born = moment(created)
    return 0 if born is None else int(born.timestamp())
