"""LabSession: composes the client, an adapter for each kind, and the feeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hvlib.driver import About, Adapter, Context, Feed, Secret, Session, WatchCursor
from hvlib.driver.login_slot import LoginSlot
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib_sim.adapter import TableAdapter
from hvlib_sim.authentication import SimAuthenticator
from hvlib_sim.client import Client
from hvlib_sim.connection import Connection
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
from hvlib_sim.watch.feed import LabFeed

__all__ = ["LabSession"]

ADAPTERS: tuple[type[TableAdapter[Any]], ...] = (
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

    def __init__(self, context: Context, connection: Connection, password: Secret | None) -> None:
        self._slot = LoginSlot(SimAuthenticator(connection, password))
        self._client = Client(context, connection, self._slot)
        self._adapters: dict[type[Resource], TableAdapter[Any]] = {
            adapter.kind: adapter(self._client) for adapter in ADAPTERS
        }

    @property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        """The adapters of all kinds: every lab has them."""
        return self._adapters

    @property
    def native(self) -> Lab:
        """The lab itself."""
        return self._client.lab

    def login(self) -> None:
        """Login. Raises `AuthenticationFailed` if the password is not the lab's."""
        self._slot.renew()

    def about(self) -> About:
        """The lab's name, version and identity. No round trip: they came with the login."""
        return About("hvlib simulated lab", "1.0", "1", self._client.lab.uuid)

    def close(self) -> None:
        """Logout, if the session is logged in. Ends every call in progress."""
        self._slot.close()

    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed:
        """Subscribe: a feed of the lab's change log."""
        pairs = [(self._adapters[query.kind], query) for query in queries]
        with self._client.call("Subscribe"):
            feed = LabFeed(self._client, pairs, since)
        self._client.connection.feeds.add(feed)
        return feed
