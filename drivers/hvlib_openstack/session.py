"""The session: a token, the region's services by type, and what the region says of itself."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from keystoneauth1.exceptions import ClientException

from hvlib import driver
from hvlib.driver import About, Adapter, Context, Endpoint, Feed, SessionLost, Started, WatchCursor
from hvlib.model.errors import Closed, HvlibError, InvalidQuery, ProtocolError, Unsupported
from hvlib.model.query import Query
from hvlib.model.resources import Resource, TaskRecord
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.claims import Claims
from hvlib_openstack.cloud import Cloud
from hvlib_openstack.cluster import Clusters
from hvlib_openstack.feed import OpenStackFeed
from hvlib_openstack.flavor import Flavors
from hvlib_openstack.host import Hosts
from hvlib_openstack.image import Images
from hvlib_openstack.login import Login, authenticate, catalogued, introduce
from hvlib_openstack.network import Networks
from hvlib_openstack.operation import Operation
from hvlib_openstack.reply import Reply
from hvlib_openstack.servers import Seen
from hvlib_openstack.service import Service
from hvlib_openstack.snapshot import Snapshots
from hvlib_openstack.storage_pool import StoragePools
from hvlib_openstack.task import Tasks
from hvlib_openstack.vm import VMs
from hvlib_openstack.volume import Volumes

__all__ = ["OpenStackSession"]

FAREWELL = 2.0
"""Seconds that logging out may take."""


class OpenStackSession(driver.Session):
    """One login to an OpenStack region."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self.context = context
        self.all_projects = _truth(endpoint.options.get("all_projects", False))
        self.poll_interval = _seconds(endpoint, "poll_interval", 5.0)
        self.sweep_interval = _seconds(endpoint, "sweep_interval", 60.0)
        self._endpoint = endpoint
        self._cloud: Cloud | None = None
        self._login: Login | None = None
        self._identity: Service | None = None
        self._native: Any = None
        self._lock = threading.Lock()
        self._closed = False
        self._adapters: dict[type[Resource], TableAdapter[Any]] = {}
        self._tasks = Tasks(self)
        self.claims = Claims(self)
        self.seen = Seen(sys.maxsize, frozenset())

    @property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        """The kinds that a region has."""
        return {**self._adapters, TaskRecord: self._tasks} if self._adapters else {}

    @property
    def current(self) -> Login:
        """The login that stands. Raises `SessionLost` if there is none, `Closed` after `close`."""
        login = self._login
        if self._closed:
            raise Closed("the session was closed")
        if login is None:
            raise SessionLost("not logged in")
        return login

    def adapter(self, kind: type[Resource]) -> TableAdapter[Any]:
        """The adapter of one kind."""
        return self._adapters[kind]

    def service(self, type: str) -> Service:
        """One of the region's services. Raises `Unsupported` if the catalogue has none."""
        login = self.current
        if type not in login.services:
            raise Unsupported(login.missing[type])
        return login.services[type]

    @property
    def compute(self) -> Service:
        """Nova."""
        return self.service("compute")

    def login(self) -> None:
        """POST /v3/auth/tokens; at the first login also GET of keystone's and nova's versions.

        Three round trips, later one. Raises `AuthenticationFailed`, `ConnectionFailed`, `ConfigError`, and
        `Unsupported` for a nova that is too old.
        """
        if self._closed:
            raise Closed("the session was closed")
        before, self._login = self._login, None
        cloud = self._cloud = self._cloud or Cloud(self._endpoint, self.context)
        access = authenticate(cloud)
        services, missing = catalogued(cloud, access)
        self._identity = services.get("identity")
        try:
            self._login = introduce(cloud, access, services, missing, before)
        finally:
            self._undo(cloud)
        self._adapters = self._adapters or self._make_adapters()

    def about(self) -> About:
        """What nova and the catalogue say, which came with the login. No round trip."""
        return self.current.about

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
        """Revoke the token; every call under way ends. Takes `FAREWELL` seconds at most."""
        self._closed = True
        if self._cloud is not None:
            self._cloud.connections.leave(FAREWELL)
            self._log_out()
            self._cloud.close()

    def started(
        self, reply: Reply, name: str, target: str, *, goal: str = "", made: str = "", label: str = ""
    ) -> Started:
        """The task of an operation that a service has just agreed to. `ProtocolError` if the reply does not name it."""
        if not reply.request_id:
            raise ProtocolError(f"the answer to {name} has no request's identifier: it can't be followed")
        operation = Operation(name, target, reply.request_id, int(reply.date.timestamp()), goal, made, label)
        return Started(self.context.ref(TaskRecord, operation.id))

    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed | None:
        """Nova's changes-since, and listings of what the services tell no changes of.

        Where only chosen objects are watched, these are read, soon and then ever less often.
        """
        if since is None and all(query.refs is not None for query in queries):
            return None
        return OpenStackFeed(self, queries, since)

    def _make_adapters(self) -> dict[type[Resource], TableAdapter[Any]]:
        kinds: list[type[TableAdapter[Any]]] = [
            VMs, Hosts, Clusters, Snapshots, Flavors, Networks, StoragePools, Volumes, Images,
        ]  # fmt: skip
        return {adapter.kind: adapter for adapter in (kind(self) for kind in kinds)}

    def _undo(self, cloud: Cloud) -> None:
        """Leave no token behind of a login that failed, or that `close` came before."""
        if self._closed:
            cloud.connections.leave(FAREWELL)
        if self._closed or self._login is None:
            self._log_out()

    def _log_out(self) -> None:
        identity, self._identity, self._login = self._identity, None, None
        if identity is not None:
            with suppress(HvlibError, ClientException):
                identity.revoke()


def _truth(value: object) -> bool:
    if isinstance(value, bool) or value in ("true", "false", "1", "0", "yes", "no"):
        return value in (True, "true", "1", "yes")
    raise InvalidQuery(f"all_projects is true or false, not {value!r}")


def _seconds(endpoint: Endpoint, name: str, default: float) -> float:
    try:
        seconds = float(endpoint.options.get(name, default))
    except (TypeError, ValueError):
        seconds = -1.0
    if not seconds > 0:
        raise InvalidQuery(f"{name} is a number of seconds above 0, not {endpoint.options[name]!r}")
    return seconds
