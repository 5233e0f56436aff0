"""Calls to one server, in JSON-RPC or, if it has no JSON-RPC, in XML-RPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from hvlib.driver import Context
from hvlib.driver.http import Transport, chunks, status_error
from hvlib.model.errors import AuthenticationFailed, HvlibError, PermissionDenied, ProtocolError
from hvlib_xenapi.wire import json_rpc, xml_rpc

__all__ = ["RpcCaller"]

STATUSES: Mapping[int, type[HvlibError]] = {401: AuthenticationFailed, 403: PermissionDenied}
"""The error of each HTTP status that XenAPI does not use: something on the way has answered."""

LOGIN = "session.login_with_password"

WITHOUT_JSON = ("HTTP 404", "HTTP 500", json_rpc.NO_JSON)
"""The answers of a server that has no /jsonrpc. xapi takes the call for malformed XML-RPC (http-lib/http_svr.ml)."""

NO_SERVER = "is this the address of a XenServer or XCP-ng host?"


class RpcCaller:
    """Sends calls to one server, in one session. Shared by threads: each call takes a connection of its own.

    Calls are sent in JSON-RPC. If the login shows that the server has no JSON-RPC, XML-RPC is used from then on.
    """

    def __init__(self, transport: Transport, context: Context) -> None:
        self.transport = transport
        self.session = ""
        """The session's reference, once it is logged in."""
        self._context = context
        self._xml = False

    def over(self, transport: Transport) -> RpcCaller:
        """Return a caller of the same session, over other connections."""
        other = RpcCaller(transport, self._context)
        other.session, other._xml = self.session, self._xml
        return other

    def log_in(self, credentials: Sequence[str], limit: float | None = None) -> None:
        """session.login_with_password. One round trip, or two if the server has no JSON-RPC.

        Raises `ProtocolError` for a reply that is no session reference.
        """
        try:
            session = self._send(LOGIN, credentials, Any, 0.0, limit)
        except ProtocolError as error:
            if self._xml or error.native not in WITHOUT_JSON:
                raise
            self._xml = True
            session = self._send(LOGIN, credentials, Any, 0.0, limit)
        if not isinstance(session, str) or not session:
            raise ProtocolError("the server's reply to the login is no session reference")
        self.session = session

    def log_out(self, seconds: float) -> None:
        """session.logout, in this many seconds at most. Raises nothing if that fails."""
        with suppress(HvlibError):
            self.call("session.logout", [], limit=min(seconds, self._context.timeout()))

    def call(
        self, name: str, parameters: Sequence[Any], *, result: Any = Any, wait: float = 0.0, limit: float | None = None
    ) -> Any:
        """`Caller.call`."""
        return self._send(name, [self.session, *parameters], result, wait, limit)

    def _send(self, name: str, parameters: Sequence[Any], result: Any, wait: float, limit: float | None) -> Any:
        wire: Any = xml_rpc if self._xml else json_rpc
        return wire.read_reply(self._post(wire, name, parameters, wait, limit), result)

    def _post(self, wire: Any, name: str, parameters: Sequence[Any], wait: float, limit: float | None) -> bytes:
        self._context.count_request(name)
        seconds = limit or self._context.timeout()
        headers = {"Content-Type": wire.TYPE}
        body = wire.request(name, parameters)
        with self.transport.exchange(
            "POST", wire.PATH, body=body, headers=headers, timeout=seconds, wait=wait
        ) as response:
            if response.status == 200:
                return b"".join(chunks(response))
            error = status_error(response, STATUSES, NO_SERVER)
            if isinstance(error, ProtocolError):
                raise ProtocolError(str(error), hint=NO_SERVER, native=f"HTTP {response.status}")
            raise error
