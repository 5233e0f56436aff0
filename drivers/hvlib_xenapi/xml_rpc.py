"""XML-RPC as xapi speaks it: numbers are text in both directions, and a reply is a Status with a Value."""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from xml.parsers.expat import ExpatError

from hvlib.errors import ProtocolError
from hvlib_xenapi.errors import failure_error

__all__ = ["PATH", "TYPE", "read_reply", "request"]

PATH = "/RPC2"
TYPE = "text/xml"


def request(method: str, parameters: Sequence[Any]) -> bytes:
    """A call."""
    return xmlrpc.client.dumps(tuple(_sent(each) for each in parameters), method).encode()


def read_reply(data: bytes) -> Any:
    """The result, its numbers and moments still text. Raises what the server refuses, and `ProtocolError`."""
    try:
        [reply], _ = xmlrpc.client.loads(data)
    except xmlrpc.client.Fault as error:
        raise failure_error([str(error.faultString)]) from error
    except (ExpatError, xmlrpc.client.Error, ValueError, LookupError, TypeError) as error:
        raise ProtocolError(f"the server's XML can't be understood: {error}") from error
    if not isinstance(reply, dict) or "Status" not in reply:
        return reply  # system.listMethods answers without one.
    if reply["Status"] != "Success":
        raise failure_error([str(word) for word in reply.get("ErrorDescription", ())])
    return reply.get("Value")


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
