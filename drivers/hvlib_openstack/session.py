"""The session: composes the login, the client, the kinds' adapters and the feeds."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from hvlib.driver import About, Adapter, Context, Endpoint, Feed, Session, WatchCursor
from hvlib.driver.login_slot import LoginSlot
from hvlib.driver.options import bool_option, seconds_option
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
from hvlib_openstack.native import connection
from hvlib_openstack.watch.feed import OpenStackFeed
from hvlib_openstack.watch.kind_watcher import Intervals
from hvlib_openstack.watch.sightings import Sightings
from hvlib_openstack.wire.authentication import KeystoneAuthenticator
from hvlib_openstack.wire.client import Client

__all__ = ["OpenStackSession"]

ADAPTERS: Sequence[type[TableAdapter[Any]] | type[Tasks]] = (
    VMs, Hosts, Clusters, Snapshots, Flavors, Networks, StoragePools, Volumes, Images, Tasks,
)  # fmt: skip


class OpenStackSession(Session):
    """One login to an OpenStack region."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self.context = context
        self._all_projects = bool_option(endpoint, "all_projects")
        self.poll_interval = seconds_option(endpoint, "poll_interval", 5.0)
        self._intervals = Intervals(self.poll_interval, seconds_option(endpoint, "sweep_interval", 60.0))
        self._authenticator = KeystoneAuthenticator(endpoint, context)
        self._slot = LoginSlot(self._authenticator)
        self._adapters: Mapping[type[Resource], Adapter[Any]] = {}
        self._sightings = Sightings()
        self._native: Any = None
        self._lock = threading.Lock()

    @property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        """The adapters of the kinds that a region has."""
        return self._adapters

    def login(self) -> None:
        """POST /v3/auth/tokens; at the first login also GET of keystone's and nova's versions.

        Three round trips, later one. Raises `AuthenticationFailed`, `ConnectionFailed`, `ConfigError`, `Unsupported`
        for a nova that is too old, and `SessionLost` if a service rejects the token that keystone issued.
        """
        self._slot.renew()
        self._adapters = self._adapters or self._make_adapters()

    def about(self) -> About:
        """Name and version of the region's nova, which came with the login. No round trip."""
        return self._slot.current.about

    @property
    def native(self) -> Any:
        """Openstacksdk's own connection, in this session: ``provider.native.compute.servers()``."""
        with self._lock:
            if self._native is None:
                self._native = connection(self._authenticator.cloud.region)
            return self._native

    def close(self) -> None:
        """Revoke the token, end every call under way. At most `hvlib.driver.login_slot.LOGOUT_TIMEOUT` seconds."""
        self._slot.close()

    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed | None:
        """A feed of nova's changes-since, and of listings of the objects whose services report no changes.

        None if only chosen objects are watched: core reads these itself, at growing intervals.
        """
        if since is None and all(query.refs is not None for query in queries):
            return None
        return OpenStackFeed(self._adapters, queries, since, self._intervals, self._sightings)

    def _make_adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        sdk = self._authenticator.cloud.sdk
        client = Client(self.context, sdk, self._slot, all_projects=self._all_projects)
        return {adapter.kind: adapter(client) for adapter in ADAPTERS}
