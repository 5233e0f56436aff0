"""XML-RPC as xapi speaks it: numbers are text in both directions, and a reply is a Status with a Value."""

from __future__ import annotations

import re
import xmlrpc.client
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, get_args
from xml.parsers.expat import ExpatError

import msgspec

from hvlib.model.errors import ProtocolError
from hvlib_xenapi.errors import failure_error
from hvlib_xenapi.wire.xml_records import read_records

__all__ = ["PATH", "TYPE", "read_reply", "request"]

NAME = re.compile(rb"<name>(.*?)</name>", re.DOTALL)
PATH = "/RPC2"
TYPE = "text/xml"


def request(method: str, parameters: Sequence[Any]) -> bytes:
    """Return the body of a call."""
    return xmlrpc.client.dumps(tuple(_sent(each) for each in parameters), method).encode()


def read_reply(data: bytes, result: Any) -> Any:
    """Return a reply's result, as this type. Raises the server's error, and `ProtocolError` if this is no reply.

    For rows by reference, only their fields are read out of the XML, if the server writes it as xapi does.
    """
    records = read_records(data, fields) if (fields := _fields(result)) else None
    found = _read_any(data) if records is None else records
    try:
        return msgspec.convert(found, result, strict=False)
    except msgspec.ValidationError as error:
        raise ProtocolError(f"the server's XML can't be understood: {error}") from error


def _fields(result: Any) -> tuple[str, ...]:
    """Return the fields of a type of rows by reference."""
    parts = get_args(result)
    return getattr(parts[1], "__struct_fields__", ()) if len(parts) == 2 else ()


def _read_any(data: bytes) -> Any:
    try:
        [reply], _ = _parsed(data)
    except xmlrpc.client.Fault as error:
        raise failure_error([str(error.faultString)]) from error
    except (ExpatError, xmlrpc.client.Error, ValueError, LookupError, TypeError) as error:
        raise ProtocolError(f"the server's XML can't be understood: {error}") from error
    if not isinstance(reply, dict) or "Status" not in reply:
        return reply  # The reply of system.listMethods has no Status.
    if reply["Status"] != "Success":
        raise failure_error([str(word) for word in reply.get("ErrorDescription", ())])
    return reply.get("Value")


def _parsed(data: bytes) -> tuple[tuple[Any, ...], str | None]:
    try:
        return xmlrpc.client.loads(data)
    except ExpatError:
        # xapi does not escape the names of members, such as keys of other_config (mirage/ocaml-rpc, xmlrpc.ml).
        return xmlrpc.client.loads(NAME.sub(_with_escapes, data))


def _with_escapes(name: re.Match[bytes]) -> bytes:
    return b"<name>" + name[1].replace(b"&", b"&amp;").replace(b"<", b"&lt;") + b"</name>"


def _sent(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return xmlrpc.client.DateTime(value.astimezone(UTC).strftime("%Y%m%dT%H:%M:%SZ"))
    if isinstance(value, dict):
        return {key: _sent(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sent(each) for each in value]
    return value
