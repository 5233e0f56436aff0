"""A member's answers to requests: choose the codec by the path, apply the requested faults, carry out the call."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from hvlib_xapi_simulator import json_rpc, xml_rpc
from hvlib_xapi_simulator.database import Row
from hvlib_xapi_simulator.dispatch import Dispatcher
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.http_server import ConnectionDropped, HTTPError, Reply
from hvlib_xapi_simulator.members import Member
from hvlib_xapi_simulator.pool import Pool
from hvlib_xapi_simulator.xml_rpc import BadCall

__all__ = ["Service"]

JSON_PATH = "/jsonrpc"
MALFORMED = 500

Encode = Callable[..., bytes]


class Service:
    """Answers a member's requests, over TCP or, if ``local``, over its unix socket."""

    def __init__(self, pool: Pool, dispatcher: Dispatcher, member: Member, local: bool) -> None:
        self._pool = pool
        self._dispatcher = dispatcher
        self._member = member
        self._local = local

    def answer(self, path: str, body: bytes) -> Reply:
        """Answer a request. Every path except /jsonrpc is XML-RPC: its longest prefix that has a handler is ``/``."""
        try:
            if path.startswith(JSON_PATH):
                call = json_rpc.read_call(body)

                def encode(**outcome: Any) -> bytes:
                    return json_rpc.reply(call, **outcome)

                return json_rpc.CONTENT_TYPE, self._call(call.method, call.parameters, encode)
            method, parameters = xml_rpc.read_call(body)
        except BadCall as error:
            raise HTTPError(MALFORMED) from error

        def encode_xml(**outcome: Any) -> bytes:
            return xml_rpc.reply(method, **outcome)

        return xml_rpc.CONTENT_TYPE, self._call(method, parameters, encode_xml)

    def _call(self, method: str, parameters: list[Any], encode: Encode) -> bytes:
        fault = self._pool.faults.received(method)
        if fault == "drop_request":
            raise ConnectionDropped
        if fault == "http_500":
            raise HTTPError(500)
        if fault == "session_lost" and parameters:
            self._pool.sessions.close(str(parameters[0]))
        outcome = self._outcome(method, parameters)
        if fault == "nan":
            outcome = {name: _with_nan(value) for name, value in outcome.items()}
        if fault == "freeze":
            self._pool.faults.wait_for_thaw()
        if fault == "drop_reply":
            raise ConnectionDropped
        reply = encode(**outcome)
        if fault == "truncate":
            raise ConnectionDropped(reply[: len(reply) // 2], len(reply))
        return reply

    def _outcome(self, method: str, parameters: list[Any]) -> dict[str, Any]:
        try:
            result = self._dispatcher.dispatch(self._member, method, parameters, self._local)
        except Failure as failure:
            return {"error": failure.description}
        return {"result": "" if result is None else result}


def _with_nan(value: Any) -> Any:
    """Return a value in which each float is NaN."""
    match value:
        case float():
            return math.nan
        case Row():
            return _with_nan(value.fields)
        case dict():
            return {key: _with_nan(item) for key, item in value.items()}
        case list():
            return [_with_nan(item) for item in value]
    return value
