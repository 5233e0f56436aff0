"""The session: version probe, login, views, and the SDK's own connection."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec

from hvlib import driver
from hvlib.driver import About, Adapter, Context, Endpoint, Feed, SessionLost, Started, WatchCursor
from hvlib.driver.http import Address, Transport
from hvlib.model.errors import AuthenticationFailed, Closed, ConfigError, CursorLost, DriverNotFound, HvlibError
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Cluster, Host, Network, Resource, StoragePool, TaskRecord
from hvlib_vsphere.client import Client
from hvlib_vsphere.feed import PropertyFeed
from hvlib_vsphere.host import Hosts
from hvlib_vsphere.property import PropertyAdapter
from hvlib_vsphere.soap import MoRef, Row, element, reference
from hvlib_vsphere.task import Tasks
from hvlib_vsphere.version import VERSIONS_PATH, common_version
from hvlib_vsphere.vm import VMs

__all__ = ["Login", "VSphereSession"]

SERVICE = MoRef("ServiceInstance", "ServiceInstance")
FAREWELL = 2.0
"""Seconds that logging out may take."""

CREDENTIALS = (
    "the user: vsphere://USER@HOST; the password: password=, password_* in hvlib.yaml,"
    " or HVLIB_PASSWORD with HVLIB_PROVIDER"
)
REFUSED = "check user and password; most users have a domain: USER@vsphere.local, in an address USER%40vsphere.local"

KINDS: Mapping[str, type[Resource]] = {
    "VirtualMachine": VM,
    "HostSystem": Host,
    "ClusterComputeResource": Cluster,
    "Network": Network,
    "DistributedVirtualPortgroup": Network,
    "OpaqueNetwork": Network,
    "Datastore": StoragePool,
    "Task": TaskRecord,
}
"""The kind of each type of the server's objects that has one."""


class Login(msgspec.Struct):
    """What one login gave: the client with its cookie, the service's objects, the views made since.

    ``name`` stands for it in page tokens and cursors; it is no secret.
    """

    client: Client
    content: Mapping[str, Any]
    name: str
    views: dict[str, MoRef]


class VSphereSession(driver.Session):
    """One login to a vCenter or an ESXi host."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self.context = context
        self._endpoint = endpoint
        self._login: Login | None = None
        self._lock = threading.Lock()
        self._transport: Transport | None = None
        self._others: weakref.WeakSet[Transport] = weakref.WeakSet()
        self._native: tuple[Login, Any] | None = None
        self._closed = False
        adapters: list[PropertyAdapter[Any]] = [VMs(self), Hosts(self), Tasks(self)]
        self._adapters = {adapter.kind: adapter for adapter in adapters}

    @property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        """VMs, hosts and tasks."""
        return self._adapters

    def adapter(self, kind: type[Resource]) -> PropertyAdapter[Any]:
        """The adapter of one kind."""
        return self._adapters[kind]

    @property
    def current(self) -> Login:
        """The login that stands. Raises `SessionLost` if there is none, `Closed` after `close`."""
        if self._closed:
            raise Closed("the session was closed")
        if self._login is None:
            raise SessionLost("not logged in")
        return self._login

    def login(self) -> None:
        """ServiceInstance.RetrieveServiceContent and SessionManager.Login, after a GET that asks for the API versions.

        Three round trips. What an earlier login left behind is logged out: one more. Raises `AuthenticationFailed`,
        `ConnectionFailed`, `ConfigError`.
        """
        endpoint = self._endpoint
        if endpoint.username is None or endpoint.password is None:
            raise ConfigError("vsphere:// needs a user and a password", hint=CREDENTIALS)
        transport = self._connect()
        self._forget_login()
        version = common_version(Client(transport, self.context, "").fetch(VERSIONS_PATH))
        client = Client(transport, self.context, version)
        content = client.call("RetrieveServiceContent", SERVICE)
        credentials = element("userName", endpoint.username) + element("password", endpoint.password.reveal())
        try:
            client.call("Login", content["sessionManager"], credentials)
        except (AuthenticationFailed, SessionLost) as error:
            raise AuthenticationFailed(
                f"{transport.address} does not let {endpoint.username} in: {error}", hint=REFUSED, native=error.native
            ) from error
        self._login = Login(client, content, uuid4().hex[:12], {})
        if self._closed:
            self._forget_login()

    def about(self) -> About:
        """ServiceContent.about, which came with the login. No round trip."""
        about = self.current.content["about"]
        return About(
            product=about.get("fullName", about.get("name", "")),
            version=about.get("version", ""),
            api_version=about.get("apiVersion", ""),
            uuid=self.server_uuid,
        )

    @property
    def server_uuid(self) -> str:
        """AboutInfo.instanceUuid; of a host without one (ESXi), derived from where it is reached."""
        known = self.current.content["about"].get("instanceUuid")
        return known or str(uuid5(NAMESPACE_URL, f"vsphere://{self._connect().address}"))

    def call(
        self, method: str, this: MoRef, arguments: str = "", *, take: Callable[[Row], object] | None = None
    ) -> Any:
        """`Client.call` in the login that stands."""
        return self.current.client.call(method, this, arguments, take=take)

    def service(self, name: str) -> MoRef:
        """One of the service's own objects: ``propertyCollector``, ``searchIndex``, ``taskManager`` ..."""
        ref = self.current.content[name]
        assert isinstance(ref, MoRef)
        return ref

    def view(self, native_type: str) -> MoRef:
        """The view of all objects of a type: ViewManager.CreateContainerView, once a login. It ends with the login."""
        login = self.current
        with self._lock:
            if native_type not in login.views:
                login.views[native_type] = login.client.call(
                    "CreateContainerView",
                    login.content["viewManager"],
                    reference("container", login.content["rootFolder"])
                    + element("type", native_type)
                    + element("recursive", True),
                )
            return login.views[native_type]

    def transport(self) -> Transport:
        """Connections of their own, for calls that wait. They end with the session; the caller closes them before."""
        transport = Transport(self._connect().address)
        with self._lock:
            self._others.add(transport)
        return transport

    def start_task(self, method: str, this: MoRef, arguments: str = "") -> Started:
        """Call a ``..._Task`` method."""
        return Started(self.context.ref(TaskRecord, self.call(method, this, arguments).id))

    def ref_of(self, native: object) -> Ref | None:
        """The ref of one of the server's objects; None for one of a type that has no kind."""
        kind = KINDS.get(native.type) if isinstance(native, MoRef) else None
        return None if kind is None else self.context.ref(kind, native.id)  # type: ignore[attr-defined]

    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed:
        """A PropertyCollector of its own. Raises `CursorLost` for any cursor: versions end with their collector."""
        if since is not None:
            raise CursorLost(
                "a vSphere cursor ends with the watch that it came from", hint="use known= with your last records"
            )
        return PropertyFeed(self, queries)

    @property
    def native(self) -> Any:
        """The SDK's ``vim.ServiceInstance`` in this login. Raises `DriverNotFound` where pyvmomi is not installed."""
        login = self.current
        if self._native is None or self._native[0] is not login:
            self._native = (login, self._service_instance(login))
        return self._native[1]

    def close(self) -> None:
        """SessionManager.Logout; every call under way ends. Takes `FAREWELL` seconds at most."""
        self._closed = True
        transports = self._transports()
        for transport in transports:
            transport.cut()
        self._forget_login()
        for transport in transports:
            transport.close()
        if self._native is not None:
            self._native[1]._stub.DropConnections()

    def _transports(self) -> list[Transport]:
        with self._lock:
            return [*self._others, *([] if self._transport is None else [self._transport])]

    def _connect(self) -> Transport:
        """The session's own connections. Reads the certificates, and connects to nothing yet."""
        with self._lock:
            if self._transport is None:
                self._transport = Transport(Address.of(self._endpoint))
            return self._transport

    def _forget_login(self) -> None:
        """Log out, with what was made in the session, if it still is one."""
        login, self._login = self._login, None
        if login is not None:
            with suppress(HvlibError):
                login.client.within(FAREWELL).call("Logout", login.content["sessionManager"])

    def _service_instance(self, login: Login) -> Any:
        try:
            from pyVmomi import VmomiSupport, vim
            from pyVmomi.SoapAdapter import SoapStubAdapter
        except ImportError as error:
            raise DriverNotFound(
                "provider.native needs pyvmomi, which is not installed", hint="pip install 'hvlib-sdk[vsphere]'"
            ) from error
        address = self._connect().address
        wanted = f"vim25/{login.client.version}"
        stub = SoapStubAdapter(  # type: ignore[no-untyped-call]
            host=address.host,
            port=-address.port if address.tls is None else address.port,
            version=VmomiSupport.versionMap.get(wanted, "vim.version.version9"),
            sslContext=address.tls,
            httpConnectionTimeout=self.context.timeout(),
        )
        stub.cookie = login.client.cookie
        return vim.ServiceInstance("ServiceInstance", stub)  # type: ignore[no-untyped-call]
