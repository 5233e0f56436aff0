"""JSON-RPC 2.0, which xapi serves at /jsonrpc: requests, and replies of a given type. Errors may be of version 1."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec

from hvlib.model.errors import ProtocolError
from hvlib_xenapi.errors import failure_error

__all__ = ["NO_JSON", "PATH", "TYPE", "read_reply", "request"]

NO_JSON = "no JSON"
"""The ``native`` of the error for a reply that is not JSON at all."""

PATH = "/jsonrpc"
TYPE = "application/json"

T = TypeVar("T")


class Error(msgspec.Struct):
    """An error of version 2: XenAPI's error code is the message, and the code's parameters are the data."""

    message: str
    data: list[str] | None = None


class Reply(msgspec.Struct, Generic[T]):
    """A reply: it has a result or an error. In version 1, an error is the list of its words."""

    result: T | msgspec.UnsetType = msgspec.UNSET
    error: Error | list[str] | None = None


def request(method: str, parameters: Sequence[Any]) -> bytes:
    """Return the body of a call."""
    call = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1}
    return msgspec.json.encode(call, enc_hook=_plain)


def read_reply(data: bytes, result: Any) -> Any:
    """Return a reply's result, as this type. Raises the server's error, and `ProtocolError` if this is no reply."""
    try:
        reply = _decode(data, Reply[result])
    except (ValueError, msgspec.ValidationError) as error:
        native = None if data.lstrip()[:1] == b"{" else NO_JSON
        raise ProtocolError(f"the server's JSON can't be understood: {error}", native=native) from error
    if isinstance(reply.error, list):
        raise failure_error(reply.error)
    if reply.error is not None:
        raise failure_error([reply.error.message, *(reply.error.data or ())])
    if reply.result is msgspec.UNSET:
        raise ProtocolError("the server's JSON holds neither a result nor an error")
    return reply.result


def _decode(data: bytes, type: Any) -> Any:
    """Decode JSON. Numbers may be text: a server that speaks version 1 writes them so."""
    try:
        return msgspec.json.decode(data, type=type, strict=False)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        # NaN and Infinity are written bare, which only Python's own reader accepts.
        return msgspec.convert(json.loads(data), type, strict=False)


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y%m%dT%H:%M:%SZ")
    raise TypeError(f"{value!r} is not a value of XenAPI")
