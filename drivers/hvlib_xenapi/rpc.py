"""Rpc: XenAPI's messages, over the wire that the server has, with values of their declared types.

`Rpc.call` sends one message as it is. `Rpc.messages` has every message of the API by name::

    session = provider.native
    session.VM.get_all_records()
    session.Async.VM.start(ref, False, False)

The session's own reference is added by itself. Numbers are numbers, moments are in UTC, a reference to nothing is None.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from hvlib.driver import Context
from hvlib.driver.http import Transport, chunks, status_error
from hvlib.errors import AuthenticationFailed, HvlibError, PermissionDenied, Unsupported
from hvlib_xenapi import json_rpc, xml_rpc
from hvlib_xenapi.messages import Message, result_type
from hvlib_xenapi.values import converter

__all__ = ["Rpc"]

STATUSES: Mapping[int, type[HvlibError]] = {401: AuthenticationFailed, 403: PermissionDenied}
"""What an HTTP status means that the API itself does not use: something on the way has answered."""

NO_SERVER = "is this the address of a XenServer or XCP-ng host?"


class Rpc:
    """Calls to one server. Shared by threads: each call takes a connection of its own.

    JSON-RPC is preferred; a server without /jsonrpc is spoken to in XML-RPC from then on.
    """

    def __init__(self, transport: Transport, context: Context) -> None:
        self.transport = transport
        self.session = ""
        """The session's reference, once it is logged in."""
        self._context = context
        self._xml = False
        self._lock = threading.Lock()

    @property
    def messages(self) -> Message:
        """Every message of the API, by name."""
        return Message(self.invoke)

    def over(self, transport: Transport) -> Rpc:
        """The same session over connections of its own."""
        other = Rpc(transport, self._context)
        other.session, other._xml = self.session, self._xml
        return other

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
        if not self._xml:
            try:
                return json_rpc.read_reply(self._post(json_rpc, name, parameters, wait, limit), result)
            except Unsupported as error:
                if error.native != NO_JSON:
                    raise
                self._xml = True
        return xml_rpc.read_reply(self._post(xml_rpc, name, parameters, wait, limit), result)

    def _post(self, wire: Any, name: str, parameters: Sequence[Any], wait: float, limit: float | None) -> bytes:
        self._context.sent(name)
        seconds = limit or self._context.timeout()
        headers = {"Content-Type": wire.TYPE}
        body = wire.request(name, parameters)
        with self.transport.exchange(
            "POST", wire.PATH, body=body, headers=headers, timeout=seconds, wait=wait
        ) as response:
            if response.status == 200:
                return b"".join(chunks(response))
            if response.status == 404 and wire is json_rpc:
                raise Unsupported("the server has no /jsonrpc", native=NO_JSON)
            raise status_error(response, STATUSES, NO_SERVER)


NO_JSON = "no /jsonrpc"
