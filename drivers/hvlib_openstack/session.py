"""The session: a token, the region's services by type, and what the region says of itself."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from keystoneauth1.access import AccessInfo
from keystoneauth1.exceptions import (
    CatalogException,
    ClientException,
    HttpError,
    InvalidResponse,
    MissingRequiredOptions,
    Unauthorized,
)

from hvlib import driver
from hvlib.driver import About, Adapter, Context, Endpoint, Feed, SessionLost, Started, WatchCursor
from hvlib.errors import AuthenticationFailed, Closed, ConfigError, HvlibError, InvalidQuery, ProtocolError, Unsupported
from hvlib.query import Query
from hvlib.resources import Resource, TaskRecord
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.cloud import HINT, Cloud
from hvlib_openstack.cluster import Clusters
from hvlib_openstack.connections import on_the_way
from hvlib_openstack.errors import refusal
from hvlib_openstack.feed import OpenStackFeed
from hvlib_openstack.flavor import Flavors
from hvlib_openstack.host import Hosts
from hvlib_openstack.image import Images
from hvlib_openstack.network import Networks
from hvlib_openstack.operation import Operation
from hvlib_openstack.reply import Reply
from hvlib_openstack.service import Service, Version, base_of
from hvlib_openstack.snapshot import Snapshots
from hvlib_openstack.storage_pool import StoragePools
from hvlib_openstack.task import Tasks
from hvlib_openstack.vm import VMs
from hvlib_openstack.volume import Volumes

__all__ = ["Login", "OpenStackSession"]

ADMIN = "admin"

OLDEST, NEWEST = Version(2, 74), Version(2, 98)
"""Nova's microversions: the one that hvlib needs, and the last one whose replies it knows."""

BASES = {"compute": "v2.1", "block-storage": "v3", "network": "v2.0", "image": "v2", "identity": "v3"}
"""What is driven, and the version whose paths are used."""

FAREWELL = 2.0
"""Seconds that logging out may take."""


class Login(msgspec.Struct):
    """What one login gave.

    | project: its identifier
    | administrator: whether the user has the role that OpenStack's policies call so
    """

    project: str
    administrator: bool
    services: Mapping[str, Service]
    missing: Mapping[str, str]
    compute: Version
    about: About


class Compute(msgspec.Struct):
    """What nova says of its API."""

    class Details(msgspec.Struct):
        id: str
        version: str
        min_version: str

    version: Details


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
        access = _authenticate(cloud)
        services, missing = _services(cloud, access)
        self._identity = services.get("identity")
        try:
            self._login = self._introduce(access, services, missing, before)
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
        """The task of an operation that a service has just agreed to."""
        begun = int(reply.date.timestamp())
        operation = Operation(name, target, reply.request_id or "", begun, goal, made, label)
        return Started(self.context.ref(TaskRecord, operation.id))

    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed:
        """Nova's changes-since, and listings of what the services tell no changes of.

        Where only chosen objects are watched, these are read, soon and then ever less often.
        """
        if since is None and all(query.refs is not None for query in queries):
            return super().feed(queries, since)
        return OpenStackFeed(self, queries, since)

    def _introduce(
        self, access: AccessInfo, services: dict[str, Service], missing: dict[str, str], before: Login | None
    ) -> Login:
        project = access.project_id or ""
        login = Login(
            project=project,
            administrator=ADMIN in (access.role_names or []),
            services=services,
            missing=missing,
            compute=OLDEST,
            about=About("OpenStack", "", "", ""),
        )
        if "compute" not in services:
            raise ConfigError(missing["compute"], hint=HINT)
        if before is not None and before.services["compute"].base == services["compute"].base:
            return msgspec.structs.replace(login, compute=before.compute, about=before.about)
        newest = _newest(services["compute"].get("/"))
        compute = min(newest, NEWEST)
        about = About("OpenStack", f"nova {newest}", str(compute), _region_uuid(access, self._region_name))
        return msgspec.structs.replace(login, compute=compute, about=about)

    @property
    def _region_name(self) -> str:
        assert self._cloud is not None
        return self._cloud.region.get_region_name("compute") or ""

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


def _authenticate(cloud: Cloud) -> AccessInfo:
    auth: Any = cloud.sdk.auth
    where = getattr(auth, "auth_url", None) or "the identity service"
    try:
        with on_the_way(where):
            auth.invalidate()
            return auth.get_access(cloud.sdk)  # type: ignore[no-any-return]
    except Unauthorized as error:
        raise AuthenticationFailed(f"{where} refuses the login: {error.message}") from error
    except HttpError as error:
        if error.response is None:
            raise ProtocolError(f"{where} can't be logged in to: {error}") from error
        raise refusal(error.response) from error
    except InvalidResponse as error:
        raise ProtocolError(f"the answer of {where} to the login can't be read", native=error) from error
    except MissingRequiredOptions as error:
        raise ConfigError(f"the login lacks {error}", hint=HINT) from error
    except ClientException as error:
        raise ConfigError(f"{where} can't be logged in to: {error}", hint=HINT) from error
    except Exception as error:
        if type(error) is not Exception:
            raise
        # Keystoneauth has no class of its own for a password that is not given.
        raise ConfigError(f"{where} can't be logged in to: {error}", hint=HINT) from error


def _services(cloud: Cloud, access: AccessInfo) -> tuple[dict[str, Service], dict[str, str]]:
    """The services that there are, by type; and of those that are not, why."""
    services, missing = {}, {}
    for type, version in BASES.items():
        url = cloud.region.get_endpoint(type)
        try:
            url = url or access.service_catalog.url_for(
                service_type=type,
                interface=cloud.region.get_interface(type),
                region_name=cloud.region.get_region_name(type),
            )
        except CatalogException as error:
            missing[type] = f"this region's catalogue has no {type} service: {error}"
        else:
            services[type] = Service(cloud.sdk, type, base_of(url or "", version), _token(access))
    return services, missing


def _token(access: AccessInfo) -> str:
    if not access.auth_token:
        raise ProtocolError("keystone's answer to the login has no token")
    return access.auth_token


def _newest(reply: Reply) -> Version:
    """Nova's newest microversion. Raises `Unsupported` for a nova that is too old."""
    said = reply.read(Compute).version
    newest = Version.of(said.version or "2.1")
    if newest < OLDEST:
        raise Unsupported(f"this nova knows microversions up to {newest}; hvlib needs {OLDEST} (Train)")
    return newest


def _region_uuid(access: AccessInfo, region: str) -> str:
    """Of the compute service's identifier and the region: whoever logs in, by whichever address, finds the same.

    A catalogue that is no database gives identifiers that other clouds have too: there the address of keystone tells
    the cloud.
    """
    catalog = access.service_catalog
    services = [each for each in catalog.catalog if each.get("type") == "compute"]
    if not services:
        raise ConfigError("the catalogue has no compute service", hint=HINT)
    try:
        return str(uuid5(UUID(services[0]["id"]), region))
    except ValueError:
        [identity, *_] = [*catalog.get_urls(service_type="identity", interface="public"), ""]
        return str(uuid5(NAMESPACE_URL, f"{identity}#{region}"))


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
