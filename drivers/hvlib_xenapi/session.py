"""The session: composes the client, the adapters and the feeds of one provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hvlib.driver import About, Adapter, Context, Endpoint, Feed, Session, WatchCursor
from hvlib.driver.http import Connections
from hvlib.driver.login_slot import LoginSlot
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource
from hvlib_xenapi.adapter import TableAdapter
from hvlib_xenapi.kinds.cluster import Clusters
from hvlib_xenapi.kinds.host import Hosts
from hvlib_xenapi.kinds.image import Images
from hvlib_xenapi.kinds.network import Networks
from hvlib_xenapi.kinds.snapshot import Snapshots
from hvlib_xenapi.kinds.storage_pool import StoragePools
from hvlib_xenapi.kinds.task import Tasks
from hvlib_xenapi.kinds.vm import VMs
from hvlib_xenapi.kinds.volume import Volumes
from hvlib_xenapi.own_tasks import OwnTasks
from hvlib_xenapi.rpc import Message, messages
from hvlib_xenapi.watch.feed import EventFeed
from hvlib_xenapi.wire.authentication import XenAPIAuthenticator
from hvlib_xenapi.wire.client import Client

__all__ = ["ADAPTERS", "XenAPISession"]

ADAPTERS: Sequence[type[TableAdapter[Any]]] = (
    VMs, Hosts, Clusters, Snapshots, Networks, StoragePools, Volumes, Images, Tasks,
)  # fmt: skip


class XenAPISession(Session):
    """One login to a XenServer or XCP-ng pool."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        connections, own_tasks = Connections(endpoint), OwnTasks()
        self._slot = LoginSlot(XenAPIAuthenticator(endpoint, context, connections, own_tasks))
        self._client = Client(context, connections, own_tasks, self._slot)
        self._adapters = {adapter.kind: adapter(self._client) for adapter in ADAPTERS}

    @property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        """Every kind but flavors."""
        return self._adapters

    @property
    def native(self) -> Message:
        """Every message of the API by name, in this session: ``provider.native.VM.get_all_records()``."""
        return messages(self._client.login.caller)

    def login(self) -> None:
        """Log in at the pool's master: three round trips, four if another host has to name it first.

        Raises `AuthenticationFailed` if the login is refused, `SessionLost` if it is accepted and its session is lost
        before the pool is read, `ConnectionFailed`, `ConfigError`.
        """
        self._slot.renew()

    def about(self) -> About:
        """Return the facts about the pool that the login read. No round trip."""
        return self._client.login.about

    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed:
        """event.from over every class that the queries' fields need."""
        parts = [(self._adapters[query.kind].table_for(query), query) for query in queries]
        return EventFeed(self._client, parts, since)

    def forget(self, task: Ref) -> None:
        """task.destroy, at the next action or when the session closes."""
        self._client.own_tasks.end(task.id)

    def close(self) -> None:
        """session.logout; every call under way ends. Takes `hvlib.driver.login_slot.LOGOUT_TIMEOUT` seconds at most."""
        self._slot.close()
