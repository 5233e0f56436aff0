"""Rpc: XenAPI's messages, over the wire that the server has, with values of their declared types.

`Rpc.call` sends one message as it is. `Rpc.messages` has every message of the API by name::

    session = provider.native
    session.VM.get_all_records()
    session.Async.VM.start(ref, False, False)

The session's own reference is added by itself. Numbers are numbers, moments are in UTC, a reference to nothing is None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hvlib.driver import Context
from hvlib.driver.http import Transport, chunks, status_error
from hvlib.model.errors import AuthenticationFailed, HvlibError, PermissionDenied, ProtocolError
from hvlib_xenapi import json_rpc, xml_rpc
from hvlib_xenapi.messages import Message, result_type
from hvlib_xenapi.values import converter

__all__ = ["Rpc"]

STATUSES: Mapping[int, type[HvlibError]] = {401: AuthenticationFailed, 403: PermissionDenied}
"""What an HTTP status means that the API itself does not use: something on the way has answered."""

LOGIN = "session.login_with_password"

WITHOUT_JSON = ("HTTP 404", "HTTP 500", json_rpc.NO_JSON)
"""How a server without /jsonrpc answers there. xapi takes it for XML-RPC that is malformed (http-lib/http_svr.ml)."""

NO_SERVER = "is this the address of a XenServer or XCP-ng host?"


class Rpc:
    """Calls to one server. Shared by threads: each call takes a connection of its own.

    JSON-RPC is preferred; a server that turns out not to have it at the login is spoken to in XML-RPC from then on.
    """

    def __init__(self, transport: Transport, context: Context) -> None:
        self.transport = transport
        self.session = ""
        """The session's reference, once it is logged in."""
        self._context = context
        self._xml = False

    @property
    def messages(self) -> Message:
        """Every message of the API, by name."""
        return Message(self.invoke)

    def over(self, transport: Transport) -> Rpc:
        """The same session over connections of its own."""
        other = Rpc(transport, self._context)
        other.session, other._xml = self.session, self._xml
        return other

    def log_in(self, credentials: Sequence[str], limit: float | None = None) -> Any:
        """session.login_with_password: the session. One round trip, or two: which wire there is shows here, where
        nothing was done yet.
        """
        try:
            return self.call(LOGIN, credentials, limit=limit)
        except ProtocolError as error:
            if self._xml or error.native not in WITHOUT_JSON:
                raise
        self._xml = True
        return self.call(LOGIN, credentials, limit=limit)

    def invoke(self, name: str, *parameters: Any) -> Any:
        """A message in this session; its result as its declared type says."""
        result = self.call(name, [self.session, *parameters])
        convert = converter(result_type(name))
        return result if convert is None else convert(result)

    def call(
        self, name: str, parameters: Sequence[Any], *, result: Any = Any, wait: float = 0.0, limit: float | None = None
    ) -> Any:
        """One round trip.

        | result: what JSON is to be decoded into; XML-RPC gives plain values, of rows by reference just their fields
        | wait: seconds that the server itself may take
        | limit: seconds for all else; None: the time-out
        """
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
