"""XML-RPC as xapi writes it: compact, values untyped. The forms are those of ocaml-rpc's src/lib/xmlrpc.ml."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from hvlib_xapi_simulator.database import Row
from hvlib_xapi_simulator.values import DateTime, Int32

__all__ = ["BadCall", "encode", "read_call", "reply"]

CONTENT_TYPE = "text/xml"
HEAD = '<?xml version="1.0"?><methodResponse><params><param>'
TAIL = "</param></params></methodResponse>"
SPECIAL = re.compile('[<>&"\x00-\x08\x0b\x0c\x0e-\x1f]')
ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;"}


class BadCall(Exception):
    """Raised for a request that is no call."""


def read_call(body: bytes) -> tuple[str, list[Any]]:
    """Return a request's method and parameters. Raises `BadCall`."""
    try:
        root = ElementTree.fromstring(body)
        name = root.findtext("methodName")
        if root.tag != "methodCall" or name is None:
            raise BadCall("no methodCall")
        return name, [_read(value) for value in root.findall("params/param/value")]
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise BadCall(str(error)) from error


def reply(method: str, *, result: Any = None, error: Sequence[str] | None = None) -> bytes:
    """Return the reply to a call. Only the reply of system.listMethods has no Status (ocaml/xapi/api_server.ml)."""
    if error is not None:
        body = encode({"Status": "Failure", "ErrorDescription": list(error)})
    elif method == "system.listMethods":
        body = encode(result)
    else:
        body = encode({"Status": "Success", "Value": result})
    return f"{HEAD}{body}{TAIL}".encode()


def encode(value: Any) -> str:
    """Return a value element."""
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts)


def _write(value: Any, parts: list[str]) -> None:
    match value:
        case DateTime():
            parts.append(f"<value><dateTime.iso8601>{value}</dateTime.iso8601></value>")
        case str():
            parts.append(f"<value>{SPECIAL.sub(_escape, value)}</value>")
        case bool():
            parts.append(f"<value><boolean>{value:d}</boolean></value>")
        case Int32():
            parts.append(f"<value><i4>{value:d}</i4></value>")
        case int():
            parts.append(f"<value>{value}</value>")
        case float():
            parts.append(f"<value><double>{value:.16g}</double></value>")
        case Row():
            if value.xml is None:
                value.xml = encode(value.fields)
            parts.append(value.xml)
        case Mapping():
            parts.append("<value><struct>")
            for name, item in value.items():  # the names are not escaped: that is how the server does it
                parts.append(f"<member><name>{name}</name>")
                _write(item, parts)
                parts.append("</member>")
            parts.append("</struct></value>")
        case None:
            parts.append("<value></value>")
        case _:
            parts.append("<value><array><data>")
            for item in value:
                _write(item, parts)
            parts.append("</data></array></value>")


def _escape(found: re.Match[str]) -> str:
    """Return a special character's entity; nothing for a control character."""
    return ENTITIES.get(found[0], "")


def _read(value: ElementTree.Element) -> Any:
    if not len(value):
        return value.text or ""
    content = value[0]
    text = content.text or ""
    match content.tag:
        case "string" | "base64":
            return text
        case "int" | "i4" | "i8":
            return int(text)
        case "boolean":
            return text == "1"
        case "double":
            return float(text)
        case "dateTime.iso8601":
            return DateTime(text)
        case "array":
            return [_read(item) for item in content.findall("data/value")]
        case "struct":
            return {member.findtext("name") or "": _read(_value(member)) for member in content.findall("member")}
        case "nil":
            return None
    raise BadCall(f"<{content.tag}> is no type")


def _value(member: ElementTree.Element) -> ElementTree.Element:
    value = member.find("value")
    if value is None:
        raise BadCall("a member without a value")
    return value
