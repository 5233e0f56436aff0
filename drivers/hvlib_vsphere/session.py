"""The session: composes connections, client, adapters and feeds; logs in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from hvlib.driver import About, Adapter, Context, Endpoint, Feed, Session, SessionLost, WatchCursor
from hvlib.driver.http import Transport
from hvlib.driver.login_slot import LoginSlot
from hvlib.model.errors import AuthenticationFailed, ConfigError, CursorLost, HvlibError
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib_vsphere.adapter import PropertyAdapter
from hvlib_vsphere.kinds.host import Hosts
from hvlib_vsphere.kinds.task import Tasks
from hvlib_vsphere.kinds.vm import VMs
from hvlib_vsphere.login import Login
from hvlib_vsphere.native import MoRef
from hvlib_vsphere.watch.feed import PropertyFeed
from hvlib_vsphere.wire.channel import fetch
from hvlib_vsphere.wire.client import Client
from hvlib_vsphere.wire.connections import Connections
from hvlib_vsphere.wire.sdk import service_instance
from hvlib_vsphere.wire.soap import element
from hvlib_vsphere.wire.version import VERSIONS_PATH, common_version

__all__ = ["VSphereSession"]

SERVICE = MoRef("ServiceInstance", "ServiceInstance")

LOGOUT_TIMEOUT = 2.0
"""Seconds that logging out may take."""

CREDENTIALS = (
    "the user: vsphere://USER@HOST; the password: password=, password_* in hvlib.yaml,"
    " or HVLIB_PASSWORD with HVLIB_PROVIDER"
)
REFUSED = "check user and password; most users have a domain: USER@vsphere.local, in an address USER%40vsphere.local"


ADAPTERS: Sequence[type[PropertyAdapter[Any]]] = (VMs, Hosts, Tasks)


class VSphereSession(Session):
    """One login to a vCenter or an ESXi host."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self._endpoint = endpoint
        self._context = context
        self._slot: LoginSlot[Login] = LoginSlot()
        self._connections = Connections(endpoint)
        self._client = Client(context, self._connections, self._slot)
        self._native: tuple[Login, Any] | None = None
        self._adapters = {adapter.kind: adapter(self._client) for adapter in ADAPTERS}

    @property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        """VMs, hosts and tasks."""
        return self._adapters

    def login(self) -> None:
        """ServiceInstance.RetrieveServiceContent and SessionManager.Login, after a GET that asks for the API versions.

        Three round trips. What an earlier login left behind is logged out: one more. Raises `AuthenticationFailed`,
        `ConnectionFailed`, `ConfigError`; never `SessionLost`, as nothing is sent after the server has accepted.
        """
        username, password = self._endpoint.username, self._endpoint.password
        if username is None or password is None:
            raise ConfigError("vsphere:// needs a user and a password", hint=CREDENTIALS)
        transport = self._connections.own
        self._log_out()
        login = Login(common_version(fetch(transport, self._context, VERSIONS_PATH)), uuid4().hex[:12])
        self._authenticate(login, element("userName", username) + element("password", password.reveal()))
        self._slot.put(login)
        if self._slot.closed:
            self._log_out()

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
        """A PropertyCollector of its own. Raises `CursorLost` for any cursor: versions end with their collector."""
        if since is not None:
            raise CursorLost(
                "a vSphere cursor ends with the watch that it came from", hint="use known= with your last records"
            )
        return PropertyFeed(self._client, self._adapters, queries)

    @property
    def native(self) -> Any:
        """The SDK's ``vim.ServiceInstance`` in this login. Raises `DriverNotFound` where pyvmomi is not installed."""
        login = self._client.login
        if self._native is None or self._native[0] is not login:
            self._native = (login, service_instance(self._connections.own.address, login, self._context.timeout()))
        return self._native[1]

    def close(self) -> None:
        """SessionManager.Logout; every call under way ends. Takes `LOGOUT_TIMEOUT` seconds at most."""
        self._slot.close()
        self._connections.cut()
        self._log_out()
        self._connections.close()
        if self._native is not None:
            self._native[1]._stub.DropConnections()

    def _authenticate(self, login: Login, credentials: str) -> None:
        """Fill the login in. There is no session to lose yet: a server that says so refuses user or password."""
        channel = self._client.channel(login)
        try:
            login.content = channel.call("RetrieveServiceContent", SERVICE)
        except SessionLost as error:
            address = self._connections.own.address
            raise AuthenticationFailed(
                f"{address} asks for a login before any: {error}", native=error.native
            ) from error
        login.server_uuid = _server_uuid(login, self._connections.own)
        try:
            channel.call("Login", login.service("sessionManager"), credentials)
        except (AuthenticationFailed, SessionLost) as error:
            raise AuthenticationFailed(
                f"{self._connections.own.address} does not let {self._endpoint.username} in: {error}",
                hint=REFUSED,
                native=error.native,
            ) from error

    def _log_out(self) -> None:
        """Log out, with all that was made in the session, if there still is one."""
        login = self._slot.take()
        if login is not None:
            with suppress(HvlibError):
                manager = login.service("sessionManager")
                self._client.channel(login).within(LOGOUT_TIMEOUT).call("Logout", manager)


def _server_uuid(login: Login, transport: Transport) -> str:
    """AboutInfo.instanceUuid; of a host without one (ESXi), derived from where it is reached."""
    known = login.content["about"].get("instanceUuid")
    return known or str(uuid5(NAMESPACE_URL, f"vsphere://{transport.address}"))
