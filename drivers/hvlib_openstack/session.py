"""The session: composes the cloud, the login, the client, the kinds' adapters and the feeds."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from keystoneauth1.exceptions import ClientException

from hvlib.driver import About, Adapter, Context, Endpoint, Feed, Session, WatchCursor
from hvlib.driver.login_slot import LoginSlot
from hvlib.model.errors import HvlibError, InvalidQuery
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.kinds.cluster import Clusters
from hvlib_openstack.kinds.flavor import Flavors
from hvlib_openstack.kinds.host import Hosts
from hvlib_openstack.kinds.image import Images
from hvlib_openstack.kinds.network import Networks
from hvlib_openstack.kinds.snapshot import Snapshots
from hvlib_openstack.kinds.storage_pool import StoragePools
from hvlib_openstack.kinds.task import Tasks
from hvlib_openstack.kinds.vm import VMs
from hvlib_openstack.kinds.volume import Volumes
from hvlib_openstack.login import Login
from hvlib_openstack.watch.feed import OpenStackFeed
from hvlib_openstack.watch.kind_watcher import Intervals
from hvlib_openstack.watch.sightings import Sightings
from hvlib_openstack.wire.authentication import authenticate, discover, discover_services
from hvlib_openstack.wire.client import Client
from hvlib_openstack.wire.cloud import Cloud
from hvlib_openstack.wire.service import Service

__all__ = ["OpenStackSession"]

LOGOUT_TIMEOUT = 2.0
"""Seconds that logging out may take."""

ADAPTERS: Sequence[type[TableAdapter[Any]]] = (
    VMs, Hosts, Clusters, Snapshots, Flavors, Networks, StoragePools, Volumes, Images,
)  # fmt: skip


class OpenStackSession(Session):
    """One login to an OpenStack region."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self.context = context
        self._all_projects = _parse_bool(endpoint, "all_projects")
        self.poll_interval = _seconds(endpoint, "poll_interval", 5.0)
        self._intervals = Intervals(self.poll_interval, _seconds(endpoint, "sweep_interval", 60.0))
        self._endpoint = endpoint
        self._cloud: Cloud | None = None
        self._slot: LoginSlot[Login] = LoginSlot()
        self._identity: Service | None = None
        self._adapters: Mapping[type[Resource], Adapter[Any]] = {}
        self._sightings = Sightings()
        self._native: Any = None
        self._lock = threading.Lock()

    @property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        """The kinds that a region has."""
        return self._adapters

    def login(self) -> None:
        """POST /v3/auth/tokens; at the first login also GET of keystone's and nova's versions.

        Three round trips, later one. Raises `AuthenticationFailed`, `ConnectionFailed`, `ConfigError`, `Unsupported`
        for a nova that is too old, and `SessionLost` where a service does not take the token that keystone gave.
        """
        self._slot.check_open()
        before = self._slot.take()
        cloud = self._cloud = self._cloud or Cloud(self._endpoint, self.context)
        access = authenticate(cloud)
        services = discover_services(cloud, access)
        self._identity = services.service(cloud, "identity")
        try:
            self._slot.put(discover(cloud, access, services, before))
        finally:
            self._undo(cloud)
        self._adapters = self._adapters or self._make_adapters(cloud)

    def about(self) -> About:
        """Name and version of the region's nova, which came with the login. No round trip."""
        return self._slot.current.about

    @property
    def native(self) -> Any:
        """Openstacksdk's own connection, in this session: ``provider.native.compute.servers()``."""
        assert self._cloud is not None
        with self._lock:
            if self._native is None:
                from openstack.connection import Connection

                self._native = Connection(config=self._cloud.region)
            return self._native

    def close(self) -> None:
        """Revoke the token; every call under way ends. Takes `LOGOUT_TIMEOUT` seconds at most."""
        self._slot.close()
        if self._cloud is not None:
            self._cloud.connections.leave(LOGOUT_TIMEOUT)
            self._log_out()
            self._cloud.close()

    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed | None:
        """A feed of nova's changes-since, and of listings of the objects whose services tell no changes.

        None where only chosen objects are watched: core reads these, soon and then ever less often.
        """
        if since is None and all(query.refs is not None for query in queries):
            return None
        return OpenStackFeed(self._adapters, queries, since, self._intervals, self._sightings)

    def _make_adapters(self, cloud: Cloud) -> Mapping[type[Resource], Adapter[Any]]:
        client = Client(self.context, cloud.sdk, self._slot, all_projects=self._all_projects)
        adapters: list[Adapter[Any]] = [*(kind(client) for kind in ADAPTERS), Tasks(client)]
        return {adapter.kind: adapter for adapter in adapters}

    def _undo(self, cloud: Cloud) -> None:
        """Leave no token behind of a login that failed, or that `close` came before."""
        if self._slot.closed:
            cloud.connections.leave(LOGOUT_TIMEOUT)
        if self._slot.closed or self._slot.latest is None:
            self._log_out()

    def _log_out(self) -> None:
        identity, self._identity = self._identity, None
        self._slot.take()
        if identity is not None:
            with suppress(HvlibError, ClientException):
                identity.revoke()


def _parse_bool(endpoint: Endpoint, name: str) -> bool:
    value = endpoint.options.get(name, False)
    if isinstance(value, bool) or value in ("true", "false", "1", "0", "yes", "no"):
        return value in (True, "true", "1", "yes")
    raise InvalidQuery(f"{name} is true or false, not {value!r}")


def _seconds(endpoint: Endpoint, name: str, default: float) -> float:
    try:
        seconds = float(endpoint.options.get(name, default))
    except (TypeError, ValueError):
        seconds = -1.0
    if not seconds > 0:
        raise InvalidQuery(f"{name} is a number of seconds above 0, not {endpoint.options[name]!r}")
    return seconds
