"""The feed: asks each watched kind for changes whenever it is due."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from hvlib.driver import Adapter, Batch, Change, WatchCursor
from hvlib.driver.polling import PollingFeed
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib.model.resources import VM, Network, Resource, Volume
from hvlib_openstack.watch.cursor import Cursor
from hvlib_openstack.watch.kind_watcher import Intervals, KindWatcher, PolledKind
from hvlib_openstack.watch.revision_watcher import NetworkWatcher, VolumeWatcher
from hvlib_openstack.watch.server_watcher import ServerWatcher
from hvlib_openstack.watch.sightings import Sightings

__all__ = ["OpenStackFeed"]

WATCHERS: Mapping[type[Resource], type[NetworkWatcher] | type[VolumeWatcher]] = {
    Network: NetworkWatcher,
    Volume: VolumeWatcher,
}
"""The watchers of kinds that need not be read whole again."""


class OpenStackFeed(PollingFeed):
    """Watches servers by nova's list of changes, networks and volumes by revision and time, other kinds by listings.

    An idle watch of servers costs one request to nova in each ``poll_interval``, and a listing in each
    ``sweep_interval``, as every other kind does. Only servers have cursors: other services do not report deletions.
    """

    def __init__(
        self,
        adapters: Mapping[type[Resource], Adapter[Any]],
        queries: Sequence[Query[Any]],
        since: WatchCursor | None,
        intervals: Intervals,
        sightings: Sightings,
    ) -> None:
        super().__init__()
        self._adapters = adapters
        self._intervals = intervals
        self._sightings = sightings
        self._servers: ServerWatcher | None = None
        if since is not None and [query.kind for query in queries if query.refs is None] != [VM]:
            raise CursorLost("only a watch of servers alone can resume from a cursor", hint="use known=")
        start = None if since is None else Cursor.decode(since)
        # Servers are listed last: a failure of another kind before costs nova nothing.
        self._watchers = [self._watcher(query, start) for query in sorted(queries, key=lambda query: query.kind is VM)]

    def look(self) -> Batch:
        """Read every kind the first time, later the kinds that are due."""
        changes: list[Change] = []
        for watcher in self._watchers:
            if watcher.due <= time.monotonic():
                changes += watcher.look(self.go_on)
        pause = min(watcher.due for watcher in self._watchers) - time.monotonic()
        return Batch(changes, self._cursor(), synced=True, poll_after=max(pause, 0.0))

    def _watcher(self, query: Query[Any], since: Cursor | None) -> KindWatcher:
        adapter: Any = self._adapters[query.kind]
        if query.refs is not None:
            return PolledKind(adapter, query, self._intervals.poll)
        if query.kind is not VM:
            return WATCHERS.get(query.kind, PolledKind)(adapter, query, self._intervals.sweep)
        self._servers = ServerWatcher(adapter, query, since, self._intervals, self._sightings)
        return self._servers

    def _cursor(self) -> WatchCursor | None:
        alone = self._servers is not None and len(self._watchers) == 1
        return self._servers.cursor.encode() if self._servers is not None and alone else None
