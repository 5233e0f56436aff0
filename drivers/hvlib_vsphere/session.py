"""The session: composes connections, client, adapters and feeds; logs in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hvlib.driver import About, Adapter, Context, Endpoint, Feed, Session, WatchCursor
from hvlib.driver.http import Connections
from hvlib.driver.login_slot import LoginSlot
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib_vsphere.adapter import TableAdapter
from hvlib_vsphere.kinds.cluster import Clusters
from hvlib_vsphere.kinds.host import Hosts
from hvlib_vsphere.kinds.image import Images
from hvlib_vsphere.kinds.network import Networks
from hvlib_vsphere.kinds.snapshot import Snapshots
from hvlib_vsphere.kinds.storage_pool import StoragePools
from hvlib_vsphere.kinds.task import Tasks
from hvlib_vsphere.kinds.vm import VMs
from hvlib_vsphere.kinds.volume import Volumes
from hvlib_vsphere.login import Login
from hvlib_vsphere.native import service_instance
from hvlib_vsphere.watch.feed import PropertyFeed
from hvlib_vsphere.wire.authentication import VSphereAuthenticator
from hvlib_vsphere.wire.client import Client

__all__ = ["VSphereSession"]

ADAPTERS: Sequence[type[TableAdapter[Any]]] = (
    VMs,
    Hosts,
    Clusters,
    Snapshots,
    Networks,
    StoragePools,
    Volumes,
    Images,
    Tasks,
)


class VSphereSession(Session):
    """One login to a vCenter or an ESXi host."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self._context = context
        self._connections = Connections(endpoint)
        self._slot = LoginSlot(VSphereAuthenticator(endpoint, context, self._connections))
        self._client = Client(context, self._connections, self._slot)
        self._native: tuple[Login, Any] | None = None
        self._adapters = {adapter.kind: adapter(self._client) for adapter in ADAPTERS}

    @property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        """The adapters of all kinds but flavors."""
        return self._adapters

    def login(self) -> None:
        """ServiceInstance.RetrieveServiceContent and SessionManager.Login, after a GET that asks for the API versions.

        Three round trips. An earlier login is logged out first: one more. Raises `AuthenticationFailed`,
        `ConnectionFailed`, `ConfigError`; never `SessionLost`, as nothing is sent after the login is accepted.
        """
        self._slot.renew()

    def about(self) -> About:
        """ServiceContent.about, which came with the login. No round trip."""
        login = self._client.login
        about = login.content["about"]
        return About(
            product=about.get("fullName", about.get("name", "")),
            version=about.get("version", ""),
            api_version=about.get("apiVersion", ""),
            uuid=login.server_uuid,
        )

    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed:
        """A feed with its own PropertyCollector. Raises `CursorLost` for any cursor: it ended with its collector."""
        if since is not None:
            raise CursorLost(
                "a vSphere cursor ends with the watch that it came from", hint="use known= with your last records"
            )
        return PropertyFeed(self._client, self._adapters, queries)

    @property
    def native(self) -> Any:
        """The SDK's ``vim.ServiceInstance`` in this login. Raises `DriverNotFound` if pyvmomi is not installed."""
        login = self._client.login
        if self._native is None or self._native[0] is not login:
            self._native = (login, service_instance(self._client, self._context.timeout()))
        return self._native[1]

    def close(self) -> None:
        """SessionManager.Logout. Ends every call in progress. Takes `LOGOUT_TIMEOUT` seconds at most."""
        self._slot.close()
        if self._native is not None:
            self._native[1]._stub.DropConnections()
