"""LabSession: composes the client, an adapter for each kind, and the feeds."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from hvlib.driver import About, Adapter, Feed, Secret, Session, WatchCursor
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib_sim.adapter import LabAdapter
from hvlib_sim.client import Client
from hvlib_sim.feed import LabFeed
from hvlib_sim.kinds.cluster import Clusters
from hvlib_sim.kinds.flavor import Flavors
from hvlib_sim.kinds.host import Hosts
from hvlib_sim.kinds.image import Images
from hvlib_sim.kinds.network import Networks
from hvlib_sim.kinds.snapshot import Snapshots
from hvlib_sim.kinds.storage_pool import StoragePools
from hvlib_sim.kinds.task import Tasks
from hvlib_sim.kinds.vm import VMs
from hvlib_sim.kinds.volume import Volumes
from hvlib_sim.lab.lab import Lab

__all__ = ["LabSession"]

ADAPTERS: tuple[type[LabAdapter[Any]], ...] = (
    VMs,
    Hosts,
    Clusters,
    Snapshots,
    Flavors,
    Networks,
    StoragePools,
    Volumes,
    Images,
    Tasks,
)


class LabSession(Session):
    """One login to a lab."""

    def __init__(self, client: Client, password: Secret | None) -> None:
        self._client = client
        self._password = password
        self._lock = threading.Lock()
        self._feeds: weakref.WeakSet[LabFeed] = weakref.WeakSet()
        self._adapters: dict[type[Resource], LabAdapter[Any]] = {adapter.kind: adapter(client) for adapter in ADAPTERS}

    @property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        """All kinds, on every lab."""
        return self._adapters

    @property
    def native(self) -> Lab:
        """The lab itself."""
        return self._client.lab

    def login(self) -> None:
        """Login. Raises `AuthenticationFailed` for another password than the lab's."""
        self._client.log_in(self._password)

    def about(self) -> About:
        """The lab's name, version and identity; no round trip, they came with the login."""
        return About("hvlib simulated lab", "1.0", "1", self._client.lab.uuid)

    def close(self) -> None:
        """Logout, if it is logged in."""
        self._client.shut()
        with self._lock:
            feeds = list(self._feeds)
        for feed in feeds:
            feed.interrupt()
        self._client.close()

    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed:
        """Subscribe: a feed out of the lab's change log."""
        pairs = [(self._adapters[query.kind].table, query) for query in queries]
        with self._client.call("Subscribe"):
            feed = LabFeed(self._client, pairs, since)
        with self._lock:
            self._feeds.add(feed)
        return feed
