"""JSON-RPC as xapi writes it, versions 1 and 2. The forms are those of ocaml-rpc's src/lib/jsonrpc.ml."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hvlib_xapi_simulator.database import Row
from hvlib_xapi_simulator.xml_rpc import BadCall

__all__ = ["Call", "encode", "read_call", "reply"]

CONTENT_TYPE = "application/json"
ERROR_CODE = 1

_scalar = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Call:
    """A request. ``version`` is 1 or 2."""

    version: int
    id: str | int
    method: str
    parameters: list[Any]


def read_call(body: bytes) -> Call:
    """Return a request. Raises `BadCall`, also for a notification: xapi refuses calls that have no id."""
    try:
        call = json.loads(body)
    except ValueError as error:
        raise BadCall(str(error)) from error
    if not isinstance(call, dict) or not isinstance(call.get("method"), str):
        raise BadCall("Invalid field 'method' in request body")
    if call.get("jsonrpc", "2.0") != "2.0":
        raise BadCall("Invalid field 'jsonrpc' in request body")
    version = 2 if "jsonrpc" in call else 1
    if type(call.get("id")) not in (str, int):
        raise BadCall("Invalid field 'id' in request body")
    return Call(version, call["id"], call["method"], _parameters(call, version))


def _parameters(call: dict[str, Any], version: int) -> list[Any]:
    parameters = call.get("params")
    if version == 2 and (parameters is None or isinstance(parameters, dict)):
        return [parameters] if parameters is not None else []
    if not isinstance(parameters, list):
        raise BadCall("Invalid field 'params' in request body")
    return parameters


def reply(call: Call, *, result: Any = None, error: Sequence[str] | None = None) -> bytes:
    """Return the reply to a call."""
    id = _scalar(call.id)
    if call.version == 1:
        text = f'{{"result":{encode(None if error else result)},"error":{_scalar(error)},"id":{id}}}'
    elif error is None:
        text = f'{{"jsonrpc":"2.0","result":{encode(result)},"id":{id}}}'
    else:
        details = {"code": ERROR_CODE, "message": error[0], "data": list(error[1:])}
        text = f'{{"jsonrpc":"2.0","error":{_scalar(details)},"id":{id}}}'
    return text.encode()


def encode(value: Any) -> str:
    """Return a value as compact JSON. NaN and Infinity are written bare, as xapi does, though they are not JSON."""
    match value:
        case Row():
            if value.json is None:
                value.json = _scalar(value.fields)
            return value.json
        case dict():
            return "{" + ",".join([f"{_scalar(key)}:{encode(item)}" for key, item in value.items()]) + "}"
        case list() | tuple():
            return "[" + ",".join(map(encode, value)) + "]"
        case None:
            return "null"
    return _scalar(value)
