"""The feed: what is watched, looked at whenever it is due."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hvlib.driver import Batch, Change, WatchCursor
from hvlib.driver.polling import PollingFeed
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib.model.resources import VM, Network, Resource, Volume
from hvlib_openstack.cursor import Cursor
from hvlib_openstack.revised import Networks, Volumes
from hvlib_openstack.servers import Servers
from hvlib_openstack.watched import Chosen, Listed, Watched

if TYPE_CHECKING:
    from hvlib_openstack.session import OpenStackSession

__all__ = ["OpenStackFeed"]


WATCHED: Mapping[type[Resource], Callable[..., Watched]] = {Network: Networks, Volume: Volumes}
"""Kinds that need not be read whole again."""


class OpenStackFeed(PollingFeed):
    """Servers by what nova tells, other kinds by listing them, or what of them has changed.

    An idle watch of servers costs one request of nova's in each ``poll_interval``, and a listing in each
    ``sweep_interval``, as every other kind does. Only servers have cursors: other services do not tell what is gone.
    """

    def __init__(self, session: OpenStackSession, queries: Sequence[Query[Any]], since: WatchCursor | None) -> None:
        super().__init__()
        self._session = session
        self._servers: Servers | None = None
        if since is not None and [query.kind for query in queries if query.refs is None] != [VM]:
            raise CursorLost("only a watch of servers alone can go on from a cursor", hint="use known=")
        start = None if since is None else Cursor.decode(since)
        # Servers are listed last: what fails before them costs nova nothing.
        self._watched = [self._watch(query, start) for query in sorted(queries, key=lambda query: query.kind is VM)]

    def look(self) -> Batch:
        """Everything at first; then what is due."""
        changes: list[Change] = []
        for watched in self._watched:
            if watched.due <= time.monotonic():
                changes += watched.look(self.go_on)
        pause = min(watched.due for watched in self._watched) - time.monotonic()
        return Batch(changes, self._cursor(), synced=True, poll_after=max(pause, 0.0))

    def _watch(self, query: Query[Any], since: Cursor | None) -> Watched:
        adapter: Any = self._session.adapters[query.kind]
        if query.refs is not None:
            return Chosen(adapter, query, self._session.poll_interval)
        if query.kind is not VM:
            return WATCHED.get(query.kind, Listed)(adapter, query, self._session.sweep_interval)
        self._servers = Servers(adapter, query, since)
        return self._servers

    def _cursor(self) -> WatchCursor | None:
        alone = self._servers is not None and len(self._watched) == 1
        return self._servers.cursor.encode() if self._servers is not None and alone else None
