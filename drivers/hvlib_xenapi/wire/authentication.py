"""Authentication: find the pool's master, log in there, and read the pool's description."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from hvlib.driver import About, Context, Endpoint, NotSent, Secret
from hvlib.driver.http import Address, Connections, HttpAuthenticator
from hvlib.driver.login_slot import LOGOUT_TIMEOUT, refused_logins
from hvlib.model.errors import AuthenticationFailed, ConnectionTimeout, HvlibError, ProtocolError
from hvlib_xenapi.errors import is_code
from hvlib_xenapi.login import Login
from hvlib_xenapi.own_tasks import OwnTasks
from hvlib_xenapi.wire.caller import RpcCaller
from hvlib_xenapi.wire.rows import rows_type

__all__ = ["XenAPIAuthenticator"]

API_VERSION = "1.0"
ORIGINATOR = "hvlib"

MASTERS_PER_LOGIN = 3
"""How many hosts one login is sent to at most. Each names the next one as the master."""

MEMBER_TIMEOUT = 5.0
"""Seconds that another member may take to say who is master now."""

POOL = frozenset({"uuid", "name_label", "master", "default_SR"})
HOST = frozenset({"address", "other_config", "software_version", "API_version_major", "API_version_minor"})


class XenAPIAuthenticator(HttpAuthenticator[Login]):
    """Logs in. Remembers the master's address, and the other members, to ask them if the master is gone."""

    def __init__(self, endpoint: Endpoint, context: Context, connections: Connections, own_tasks: OwnTasks) -> None:
        super().__init__(endpoint, context, connections)
        self._own_tasks = own_tasks
        self._address: Address | None = None
        self._members: list[str] = []
        self._cut = False

    def log_in(self) -> Login:
        """session.login_with_password at the master, pool.get_all_records, host.get_all_records.

        Three round trips, and one more if the host is not the master but names it. If the server can't be reached and
        an earlier login has named other members, these are asked for the master. Raises `AuthenticationFailed` if the
        login is refused, `SessionLost` if it is accepted and its session is lost at once, `ConnectionFailed`, and
        `ConfigError` if the address lacks a user or a password.
        """
        caller = self._reach_master(self._login_parameters())
        try:
            login = discover(caller)
        except BaseException:
            caller.log_out(LOGOUT_TIMEOUT)
            raise
        self._members = login.members
        return login

    def log_out(self, login: Login) -> None:
        """task.destroy of own tasks that have ended, then session.logout."""
        until = time.monotonic() + LOGOUT_TIMEOUT
        with suppress(HvlibError):
            self._own_tasks.remove_ended(login.caller, until)
        login.caller.log_out(max(until - time.monotonic(), LOGOUT_TIMEOUT / 4))

    def cut(self) -> None:
        """End every call under way, and ask no further members."""
        self._cut = True
        super().cut()

    def _reach_master(self, parameters: Sequence[str]) -> RpcCaller:
        """Log in at the host that is the master now."""
        address = self._address = self._address or self.connections.address
        try:
            return self._log_in_at(address, parameters, None)
        except (NotSent, ConnectionTimeout):
            until = time.monotonic() + self.context.timeout()
            for member in self._members:
                if member != address.host and time.monotonic() < until and not self._cut:
                    with suppress(HvlibError):
                        other = msgspec.structs.replace(address, host=member)
                        return self._log_in_at(other, parameters, MEMBER_TIMEOUT)
            raise

    def _log_in_at(self, address: Address, parameters: Sequence[str], limit: float | None) -> RpcCaller:
        """Log in at this host, or at the master that it names."""
        for _ in range(MASTERS_PER_LOGIN):
            caller = RpcCaller(self.connections.to(address), self.context)
            try:
                with refused_logins(f"{address} refuses the login"):
                    caller.log_in(parameters, limit)
            except AuthenticationFailed as error:
                if not is_code(error, "HOST_IS_SLAVE") or len(error.native) < 2:
                    raise
                address = msgspec.structs.replace(address, host=error.native[1])
                continue
            self._address = address
            return caller
        raise ProtocolError(f"{address} and the hosts that it names do not agree on who is the master")

    def _login_parameters(self) -> Sequence[str]:
        user, password = self.endpoint.username or "", self.endpoint.password or Secret("")
        if self.endpoint.transport != "unix":  # The socket's file permissions say who may connect.
            user, password = self.credentials()
        return [user, password.reveal(), API_VERSION, ORIGINATOR]


def discover(caller: RpcCaller) -> Login:
    """Read the records of the pool and its hosts: two round trips. Raises `SessionLost`, `ProtocolError`."""
    pools = _read_all(caller, "pool", POOL)
    hosts = _read_all(caller, "host", HOST)
    pool, row = next(iter(pools.items()), ("", None))
    master = None if row is None else hosts.get(row.master)
    if row is None or master is None:
        raise ProtocolError("the server lists no pool, or one without a master")
    members = [host.address for host in hosts.values() if host.address]
    # At each start, xapi writes the time into the host's record (ocaml/xapi/dbsync_slave.ml).
    database = f"{row.master}@{master.other_config.get('agent_start_time', '')}"
    return Login(caller, pool, row.master, row.default_SR, _about(row.uuid, master), members, database)


def _about(uuid: str, master: Any) -> About:
    version: Mapping[str, str] = master.software_version
    return About(
        product=version.get("product_brand", "") or version.get("platform_name", "") or "xapi",
        version=version.get("product_version", "") or version.get("platform_version", ""),
        api_version=f"{master.API_version_major}.{master.API_version_minor}",
        uuid=uuid,
    )


def _read_all(caller: RpcCaller, cls: str, fields: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = caller.call(f"{cls}.get_all_records", [], result=rows_type(cls, fields))
    return found
