"""Reads records out of xapi's XML: only the fields that are needed of a class, without building the others.

xapi writes XML-RPC in one fixed shape, without white space between tags (mirage/ocaml-rpc, src/lib/xmlrpc.ml). A
regular expression for exactly that shape reads it. Any other document is left to a real parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape
from typing import Any

__all__ = ["read_records"]

HEAD = re.compile(
    rb'<\?xml version="1\.0"\?><methodResponse><params><param><value><struct>'
    rb"<member><name>Status</name><value>Success</value></member><member><name>Value</name><value><struct>"
)
TAIL = re.compile(rb"</struct></value></member></struct></value></param></params></methodResponse>\s*")

TYPES = (b"boolean", b"double", b"i4", rb"dateTime\.iso8601")
TYPED = b"|".join(b"<" + type + b">[^<]*+</" + type + b">" for type in TYPES)
SCALAR = b"<value>(?:[^<]*+|" + TYPED + b")</value>"


def _nesting(value: bytes) -> bytes:
    """Return the pattern of a scalar, or of an array or a map of such values."""
    array = rb"<value><array><data>(?:" + value + rb")*+</data></array></value>"
    struct = rb"<value><struct>(?:<member><name>[^<]*+</name>" + value + rb"</member>)*+</struct></value>"
    return rb"(?:" + SCALAR + rb"|" + array + rb"|" + struct + rb")"


VALUE = _nesting(_nesting(SCALAR))
"""The pattern of a field's value, which is a map of sets at the deepest."""

BEGIN = re.compile(rb"<member><name>([^<]*+)</name><value><struct>")
ITEMS = re.compile(rb"<value>([^<]*+)</value>")
MEMBERS = re.compile(rb"<member><name>([^<]*+)</name><value>([^<]*+)</value></member>")


class OtherShape(Exception):
    """The document is not as xapi writes it."""


def read_records(document: bytes, fields: tuple[str, ...]) -> dict[str, dict[str, Any]] | None:
    """Return these fields of a successful reply's records, by reference; None if it has another shape."""
    head = HEAD.match(document)
    if head is None:
        return None
    try:
        return dict(_records(document, head.end(), _member(fields)))
    except OtherShape:
        return None


def _records(document: bytes, at: int, member: re.Pattern[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    while begin := BEGIN.match(document, at):
        record: dict[str, Any] = {}
        at = begin.end()
        while found := member.match(document, at):
            at = found.end()
            name, value = found.groups()
            if name is None:
                break
            record[name.decode()] = _value(value)
        else:
            raise OtherShape
        yield begin[1].decode(), record
    if TAIL.fullmatch(document, at) is None:
        raise OtherShape


@lru_cache(maxsize=64)
def _member(fields: tuple[str, ...]) -> re.Pattern[bytes]:
    """Return the pattern of one of the fields, with other fields before it, or of the end of the record."""
    names = b"|".join(re.escape(field.encode()) for field in fields)
    other = rb"<member><name>(?!(?:" + names + rb")</name>)[^<]*+</name>" + VALUE + rb"</member>"
    wanted = rb"<member><name>(" + names + rb")</name>(" + VALUE + rb")</member>"
    return re.compile(rb"(?:" + other + rb")*+(?:" + wanted + rb"|</struct></value></member>)")


def _value(value: bytes) -> Any:
    content = value[len("<value>") : -len("</value>")]
    if not content.startswith(b"<"):
        return _text(content)
    if content.startswith(b"<boolean>"):
        return content == b"<boolean>1</boolean>"
    if content.startswith(b"<array>"):
        items = content[len("<array><data>") : -len("</data></array>")]
        found = [_text(item) for item in ITEMS.findall(items)]
        if len(ITEMS.sub(b"", items)):
            raise OtherShape
        return found
    if content.startswith(b"<struct>"):
        members = content[len("<struct>") : -len("</struct>")]
        if len(MEMBERS.sub(b"", members)):
            raise OtherShape
        return {name.decode(): _text(text) for name, text in MEMBERS.findall(members)}
    return _text(content.partition(b">")[2].partition(b"<")[0])


def _text(data: bytes) -> str:
    text = data.decode()
    return unescape(text) if "&" in text else text
