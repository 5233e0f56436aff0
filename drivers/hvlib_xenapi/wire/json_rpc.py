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
"""The ``native`` of the error of a reply that is something else altogether."""

PATH = "/jsonrpc"
TYPE = "application/json"

T = TypeVar("T")


class Error(msgspec.Struct):
    """The code is the message, and its parameters are the data."""

    message: str
    data: list[str] | None = None


class Reply(msgspec.Struct, Generic[T]):
    """One of both is there. In version 1, an error is the words themselves."""

    result: T | msgspec.UnsetType = msgspec.UNSET
    error: Error | list[str] | None = None


def request(method: str, parameters: Sequence[Any]) -> bytes:
    """A call."""
    call = {"jsonrpc": "2.0", "method": method, "params": parameters, "id": 1}
    return msgspec.json.encode(call, enc_hook=_plain)


def read_reply(data: bytes, result: Any) -> Any:
    """The result, as of this type. Raises what the server refuses, and `ProtocolError` for what is no reply."""
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
    """Numbers may be text: a server that speaks version 1 writes them so."""
    try:
        return msgspec.json.decode(data, type=type, strict=False)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        # Numbers that are none are written bare, which only Python's own reader takes.
        return msgspec.convert(json.loads(data), type, strict=False)


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y%m%dT%H:%M:%SZ")
    raise TypeError(f"{value!r} is no value of XenAPI")
