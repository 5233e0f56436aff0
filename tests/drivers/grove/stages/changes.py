"""A driver with its own feed, which asks Grove for changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from typing import Any

import msgspec
from hvlib_grove.client import Client
from hvlib_grove.driver import GroveDriver
from hvlib_grove.session import GroveSession

from hvlib.driver import (
    Adapter,
    Batch,
    Change,
    Context,
    Endpoint,
    Feed,
    Gone,
    Session,
    Upsert,
    WatchCursor,
    protocol_errors,
)
from hvlib.driver.cursor import decode_cursor, encode_cursor
from hvlib.driver.polling import PollingFeed, read_all
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib.model.resources import VM


class ChangesDriver(GroveDriver):
    def open(self, endpoint: Endpoint, context: Context) -> Session:
        return ChangesSession(endpoint, context)


class ChangesSession(GroveSession):
    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed | None:
        if [(query.kind, query.refs) for query in queries] != [(VM, None)]:
            return None  # Grove reports changes of VMs only. Core compares other kinds, and looks at chosen objects.
        return ChangesFeed(self.native, self.adapters[VM], queries[0], self.poll_interval, since)


class Place(msgspec.Struct):
    """A position in a server's log of changes."""

    server: str
    number: int


class ChangesFeed(PollingFeed):
    """All VMs at the first look; then, at each look, the VMs that changed."""

    def __init__(
        self, client: Client, adapter: Adapter[VM], query: Query[VM], pause: float, since: WatchCursor | None
    ) -> None:
        super().__init__()
        self._client = client
        self._adapter = adapter
        self._query = query
        self._pause = pause
        self._place = None if since is None else decode_cursor(since, Place)

    def look(self) -> Batch:
        """GET /changes, then GET the VMs that it names; at first, all VMs."""
        place, server = self._place, self._client.slot.current.about.uuid
        if place is not None and place.server != server:  # Its number may be valid in this log too.
            raise CursorLost("this cursor comes from another Grove server")
        # The log is read before the VMs: a change in between is reported twice, and never lost.
        log = self._client.call("GET", "changes", parameters={} if place is None else {"after": place.number})
        with protocol_errors():
            ids = dict.fromkeys(change["id"] for change in log["vms"])
            created = {change["id"] for change in log["vms"] if change["made"]}
            self._place = Place(server, int(log["last"]))
        changes = self._snapshot() if place is None else self._changes(ids, created)
        return Batch(changes, encode_cursor(self._place), synced=True, poll_after=self._pause)

    def _snapshot(self) -> list[Change]:
        return [Upsert(vm) for vm in read_all(self._adapter, self._query, self.go_on)]

    def _changes(self, ids: Iterable[str], created: Set[str]) -> list[Change]:
        refs = [self._client.context.ref(VM, id) for id in ids]
        query = msgspec.structs.replace(self._query, refs=tuple(refs))
        vms = {vm.ref: vm for vm in read_all(self._adapter, query, self.go_on)}
        return [Upsert(vms[ref], created=ref.id in created) if ref in vms else Gone(ref) for ref in refs]
