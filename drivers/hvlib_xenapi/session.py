"""The session: login at the pool's master, what the pool says of itself, tasks, and the SDK's kind of connection."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import msgspec

from hvlib import driver
from hvlib.driver import About, Adapter, Context, Endpoint, Feed, NotSent, SessionLost, Started, WatchCursor
from hvlib.driver.http import Address, Transport
from hvlib.model.errors import (
    AuthenticationFailed,
    Closed,
    ConfigError,
    ConnectionFailed,
    ConnectionTimeout,
    HvlibError,
    ProtocolError,
)
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib_xenapi.adapter import TableAdapter
from hvlib_xenapi.cluster import Clusters
from hvlib_xenapi.errors import is_code
from hvlib_xenapi.feed import EventFeed
from hvlib_xenapi.host import Hosts
from hvlib_xenapi.image import Images
from hvlib_xenapi.listing import Listings
from hvlib_xenapi.messages import Message
from hvlib_xenapi.network import Networks
from hvlib_xenapi.own_tasks import OwnTasks
from hvlib_xenapi.rows import row_type, rows_of
from hvlib_xenapi.rpc import Rpc
from hvlib_xenapi.snapshot import Snapshots
from hvlib_xenapi.steps import Steps
from hvlib_xenapi.storage_pool import StoragePools
from hvlib_xenapi.task import Tasks
from hvlib_xenapi.vm import VMs
from hvlib_xenapi.volume import Volumes

__all__ = ["Login", "XenAPISession"]

API_VERSION = "1.0"
ORIGINATOR = "hvlib"
FAREWELL = 2.0
"""Seconds that logging out may take."""

HOPS = 3
"""How often a login may be sent on to another master."""

OTHER_MEMBER = 5.0
"""Seconds that another member may take to say who is master now."""

TIDY = 2.0
"""Seconds that removing tasks which are over may keep an action."""

CREDENTIALS = (
    "the user: xenapi://USER@HOST; the password: password=, password_* in hvlib.yaml,"
    " or HVLIB_PASSWORD with HVLIB_PROVIDER"
)

POOL = frozenset({"uuid", "name_label", "master", "default_SR"})
HOST = frozenset({"address", "other_config", "software_version", "API_version_major", "API_version_minor"})


class Login(msgspec.Struct):
    """What one login gave.

    | pool, default_storage: references, the latter ``OpaqueRef:NULL`` if there is none
    | members: the addresses of all hosts
    | database: which one it is: the master's, since it began
    """

    rpc: Rpc
    pool: str
    master: str
    default_storage: str
    about: About
    members: list[str]
    database: str
    doubtful: bool = False
    """The master has not answered in time, and another member may have taken its place."""


class XenAPISession(driver.Session):
    """One login to a XenServer or XCP-ng pool."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self.context = context
        self.listings = Listings()
        self.own_tasks = OwnTasks()
        self._endpoint = endpoint
        self._address: Address | None = None
        self._login: Login | None = None
        self._members: list[str] = []
        self._lock = threading.Lock()
        self._logging_in = threading.RLock()
        self._transports: weakref.WeakSet[Transport] = weakref.WeakSet()
        self._transport: Transport | None = None
        self._closed = False
        kinds: list[type[TableAdapter[Any]]] = [
            VMs, Hosts, Clusters, Snapshots, Networks, StoragePools, Volumes, Images, Tasks,
        ]  # fmt: skip
        self._adapters = {adapter.kind: adapter for adapter in (kind(self) for kind in kinds)}

    @property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        """Every kind but flavors."""
        return self._adapters

    def adapter(self, kind: type[Resource]) -> TableAdapter[Any]:
        """The adapter of one kind."""
        return self._adapters[kind]

    @property
    def current(self) -> Login:
        """The login that stands. Raises `SessionLost` if there is none, `Closed` after `close`."""
        if self._closed:
            raise Closed("the session was closed")
        if self._login is None:
            raise SessionLost("not logged in")
        if self._login.doubtful:
            raise SessionLost("the master has not answered in time: it may be another one now")
        return self._login

    @property
    def latest(self) -> Login | None:
        """The login that was made last, whatever became of it. None while there is none."""
        return self._login

    @contextmanager
    def reaching(self, login: Login) -> Iterator[None]:
        """In the block, a call goes to the master.

        One that can't be reached may have been replaced, and it takes a login to find out: what was not sent is a lost
        session, and what was not answered makes the next call one.
        """
        try:
            yield
        except NotSent as error:
            if len(login.members) > 1:
                raise SessionLost(f"the pool's master can't be reached: {error}") from error
            raise
        except ConnectionTimeout:
            login.doubtful = len(login.members) > 1
            raise

    def login(self) -> None:
        """session.login_with_password at the master, pool.get_all_records, host.get_all_records.

        Three round trips. A host that is not the master names it: one more. If the server can't be reached and an
        earlier login told of other members, these are asked for the master. What an earlier login left is logged out.
        Raises `AuthenticationFailed`, `ConnectionFailed`, `ConfigError`.
        """
        endpoint = self._endpoint
        local = endpoint.scheme.endswith("+unix")
        if not local and (endpoint.username is None or endpoint.password is None):
            raise ConfigError("xenapi:// needs a user and a password", hint=CREDENTIALS)
        with self._logging_in:
            self._forget_login()
            rpc = self._reach_master()
            try:
                self._login = self._introduce(rpc)
            except BaseException:
                self._log_out(rpc)
                raise
            self._members = self._login.members
            if self._closed:
                self._forget_login()

    def renew(self, lost: Login | None) -> None:
        """Log in, unless another thread has done so since ``lost`` was the latest login. Raises what `login` does."""
        with self._logging_in:
            if self._closed:
                raise Closed("the session was closed")
            if self._login is lost:
                self.login()

    def about(self) -> About:
        """What the pool and its master say, which came with the login. No round trip."""
        return self.current.about

    @property
    def native(self) -> Message:
        """Every message of the API by name, in this session: ``provider.native.VM.get_all_records()``."""
        return self.current.rpc.messages

    def call(self, name: str, *parameters: Any, result: Any = Any, wait: float = 0.0) -> Any:
        """One message in the login that stands; what it returns is as the wire has it.

        ``wait``: seconds that the server itself may take.
        """
        login = self.current
        with self.reaching(login):
            return login.rpc.call(name, [login.rpc.session, *parameters], result=result, wait=wait)

    def record(self, cls: str, ref: str, *fields: str) -> Any:
        """A row of one object. `NotFound` if it is gone."""
        return Steps(self).record(cls, ref, *fields)

    def steps(self) -> Steps:
        """The calls of an action. Tasks begun here that were seen to be over are removed first."""
        self._tidy(self.current, time.monotonic() + TIDY)
        return Steps(self)

    def start_task(self, name: str, *parameters: Any) -> Started:
        """An action of one call: a message's asynchronous form."""
        return self.steps().start(name, *parameters)

    def transport(self) -> Transport:
        """Connections of their own, for calls that wait. They end with the session; the caller closes them before."""
        return self._enlist(Transport(self.current.rpc.transport.address))

    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed:
        """event.from over every class that the queries' fields are made of."""
        return EventFeed(self, queries, since)

    def close(self) -> None:
        """session.logout; every call under way ends. Takes `FAREWELL` seconds at most."""
        self._closed = True
        with self._lock:
            transports = list(self._transports)
        for transport in transports:
            transport.cut()
        self._forget_login()
        self.listings.clear()
        for transport in transports:
            transport.close()

    def _reach_master(self) -> Rpc:
        """A session at the master, wherever it is now."""
        address = self._address = self._address or Address.of(self._endpoint)
        try:
            return self._log_in(address, None)
        except (NotSent, ConnectionTimeout):
            until = time.monotonic() + self.context.timeout()
            for member in self._members:
                if member != address.host and time.monotonic() < until and not self._closed:
                    with suppress(HvlibError):
                        return self._log_in(msgspec.structs.replace(address, host=member), OTHER_MEMBER)
            raise

    def _log_in(self, address: Address, limit: float | None) -> Rpc:
        endpoint = self._endpoint
        password = "" if endpoint.password is None else endpoint.password.reveal()
        for _ in range(HOPS):
            rpc = Rpc(self._connect(address), self.context)
            try:
                credentials = [endpoint.username or "", password, API_VERSION, ORIGINATOR]
                session = rpc.log_in(credentials, limit)
            except HvlibError as error:
                if is_code(error, "HOST_IS_SLAVE") and len(error.native) > 1:
                    address = msgspec.structs.replace(address, host=error.native[1])
                    continue
                if isinstance(error, SessionLost):
                    raise AuthenticationFailed(f"{address} refuses the login: {error}", native=error.native) from error
                raise
            if not isinstance(session, str) or not session:
                raise ProtocolError("the server's answer to the login is no session")
            rpc.session = session
            self._address = address
            return rpc
        raise ProtocolError(f"{address} and the hosts that it names do not agree on who is the master")

    def _introduce(self, rpc: Rpc) -> Login:
        pools = self._rows(rpc, "pool", POOL)
        hosts = self._rows(rpc, "host", HOST)
        pool, row = next(iter(pools.items()), ("", None))
        master = None if row is None else hosts.get(row.master)
        if row is None or master is None:
            raise ProtocolError("the server tells of no pool, or of one without a master")
        version: Mapping[str, str] = master.software_version
        about = About(
            product=version.get("product_brand", "") or version.get("platform_name", "") or "xapi",
            version=version.get("product_version", "") or version.get("platform_version", ""),
            api_version=f"{master.API_version_major}.{master.API_version_minor}",
            uuid=row.uuid,
        )
        members = [host.address for host in hosts.values() if host.address]
        # xapi notes when it began with each start (ocaml/xapi/dbsync_slave.ml).
        database = f"{row.master}@{master.other_config.get('agent_start_time', '')}"
        return Login(rpc, pool, row.master, row.default_SR, about, members, database)

    def _rows(self, rpc: Rpc, cls: str, fields: frozenset[str]) -> dict[str, Any]:
        result: Any = dict[str, row_type(cls, fields)]  # type: ignore[misc]
        return rows_of(cls, fields, rpc.call(f"{cls}.get_all_records", [rpc.session], result=result))

    def _connect(self, address: Address) -> Transport:
        """The session's connections to an address. Connects to nothing yet."""
        with self._lock:
            if self._transport is not None and self._transport.address == address:
                return self._transport
            before, self._transport = self._transport, None
        if before is not None:
            before.close()
        made = self._enlist(Transport(address))
        self._transport = made
        return made

    def _enlist(self, transport: Transport) -> Transport:
        with self._lock:
            self._transports.add(transport)
        if self._closed:
            transport.close()
            raise Closed("the session was closed")
        return transport

    def _forget_login(self) -> None:
        """Log out, if that still means anything to the server."""
        login, self._login = self._login, None
        if login is not None:
            until = time.monotonic() + FAREWELL
            with suppress(HvlibError):
                self._tidy(login, until)
            self._log_out(login.rpc, max(until - time.monotonic(), FAREWELL / 4))

    def _tidy(self, login: Login, until: float) -> None:
        """task.destroy of what is over, until a moment on the monotonic clock. Ends with the first call that is lost.

        Raises `SessionLost`, `NotSent`; what breaks later than that leaves tasks to the next time.
        """
        with self.reaching(login):
            while (limit := until - time.monotonic()) > 0 and (task := self.own_tasks.take()) is not None:
                try:
                    login.rpc.call("task.destroy", [login.rpc.session, task], limit=limit)
                except (SessionLost, NotSent):
                    self.own_tasks.put_back(task)
                    raise
                except ConnectionFailed:  # So little time is no reason to doubt the master: the action's call tells.
                    self.own_tasks.put_back(task)
                    return
                except HvlibError:
                    pass  # It is gone.
                self.own_tasks.forget(task)

    def _log_out(self, rpc: Rpc, seconds: float = FAREWELL) -> None:
        with suppress(HvlibError):
            rpc.call("session.logout", [rpc.session], limit=min(seconds, self.context.timeout()))
