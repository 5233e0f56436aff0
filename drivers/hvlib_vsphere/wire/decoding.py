"""Decoding: elements of a reply become plain values, rows and faults.

The ``xsi:type`` of an element decides its plain value, inside a structure the type that the schema declares; a ``type``
attribute makes it a reference. An element of unknown type stays text, or
becomes a dict by element name; there an array of one item looks like the item itself: `as_tuple` accepts both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element

from hvlib_vsphere.data_objects import TYPE_KEY, Fault, MoRef, Row, without_type
from hvlib_vsphere.wire.schema import UNDECLARED, Declared, Structure, structure

__all__ = ["as_tuple", "fault_of", "local_name", "parse_bool", "parse_datetime", "row_of", "value_of"]

XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"

ARRAY = "ArrayOf"

PARTS = {"propSet": ("name", "val"), "missingSet": ("path", "fault")}

END_OF_DAY = "T24:00:00"

OUT_OF_RANGE = re.compile(r"-?\d{4,}-\d\d-\d\dT")
"""The beginning of a valid moment, also of one that Python can't represent."""


def value_of(node: Element, declared: str | None = None) -> Any:
    """The plain value of an element; ``declared``: its type, if the element itself does not name one."""
    declared = node.get(XSI_TYPE) or declared
    if len(node):
        return _composite(node, None if declared is None else _unprefixed(declared))
    if node.text is None and parse_bool(node.get(XSI_NIL)):
        return None
    if declared is not None:
        reader = _leaf_reader(declared)
        if reader is not _reference:
            return reader(node.text)
    target_type = node.get("type")
    return node.text or "" if target_type is None else MoRef(target_type, node.text or "")


def _composite(node: Element, kind: str | None) -> Any:
    if kind is not None and kind.startswith(ARRAY):
        item = item_type(kind)
        return tuple([value_of(child, item) for child in node])
    declared = {} if kind is None else structure(kind)
    return _structure(node, kind, declared) if kind and declared else _untyped(node, kind)


def _structure(node: Element, kind: str, declared: Mapping[str, Declared]) -> Structure:
    """A structure that the schema has."""
    fields = Structure(kind)
    if node.get(XSI_TYPE):
        fields[TYPE_KEY] = kind
    for child in node:
        name = local_name(child.tag)
        type, several = declared.get(name, UNDECLARED)
        value = value_of(child, type)
        fields[name] = (*fields[name], value) if several else value
    return fields


def _untyped(node: Element, kind: str | None) -> dict[str, Any]:
    """The fields of a structure that the schema does not have: an array of one item looks like the item itself."""
    fields: dict[str, Any] = {} if kind is None else {TYPE_KEY: kind}
    repeated: dict[str, list[Any]] = {}
    for child in node:
        name = local_name(child.tag)
        # Most leaves have no attributes: their values are their texts.
        value = value_of(child) if len(child) or child.items() else child.text or ""
        if name not in fields:
            fields[name] = value
        elif name in repeated:
            repeated[name].append(value)
        else:
            repeated[name] = [fields[name], value]
    for name, values in repeated.items():
        fields[name] = tuple(values)
    return fields


def as_tuple(value: Any) -> tuple[Any, ...]:
    """The items of a decoded array. Inside a structure, the server writes an array of one item like the item itself."""
    if value is None:
        return ()
    return value if type(value) is tuple else (value,)


def row_of(node: Element) -> Row:
    """The row of an ObjectContent: ``obj``, then ``propSet`` and ``missingSet`` elements."""
    values: dict[str, Any] = {}
    missing: dict[str, Fault] = {}
    parts = iter(node)
    target = next(parts, None)
    if target is None or target.text is None:
        raise ValueError("an object has no reference")
    for part in parts:
        path_tag, value_tag = _tags_in(part.tag)
        path = part[0].text or ""
        if part[0].tag != path_tag or (len(part) > 1 and part[1].tag != value_tag):
            raise ValueError(f"{local_name(part.tag)} begins with {local_name(part[0].tag)}")
        if len(part) < 2:
            values[path] = None
        elif local_name(part.tag) == "propSet":
            values[path] = value_of(part[1])
        else:
            missing[path] = Fault.of_localized(value_of(part[1]))
    return Row(MoRef(target.get("type", ""), target.text), values, missing)


def fault_of(node: Element) -> Fault:
    """The fault of a SOAP fault element."""
    detail = node.find("detail/*")
    message = node.findtext("faultstring") or ""
    if detail is None:
        return Fault("", message, {})
    value = value_of(detail)
    fields = value if isinstance(value, dict) else {}
    declared = detail.get(XSI_TYPE)
    kind = local_name(detail.tag).removesuffix("Fault") if declared is None else _unprefixed(declared)
    return Fault(kind, message or kind, without_type(fields))


@lru_cache(maxsize=1024)
def item_type(array: str) -> str:
    """The type of an array's items: that of ``ArrayOfInt`` is ``int``, that of ``ArrayOfHostSystem`` ``HostSystem``."""
    name = array.removeprefix(ARRAY)
    plain = name[:1].lower() + name[1:]
    return plain if plain in READERS else name


@lru_cache(maxsize=64)
def _tags_in(tag: str) -> tuple[str, str]:
    """The tags of the two elements in a ``propSet`` or ``missingSet``, in this order."""
    space, brace, name = tag.rpartition("}")
    if name not in PARTS:
        raise ValueError(f"an object has an unknown element {name!r}")
    first, second = PARTS[name]
    return f"{space}{brace}{first}", f"{space}{brace}{second}"


@lru_cache(maxsize=4096)
def local_name(tag: str) -> str:
    """A tag without its namespace."""
    return tag.rpartition("}")[2]


@lru_cache(maxsize=4096)
def _unprefixed(name: str) -> str:
    return name.rpartition(":")[2]


def _text(text: str | None) -> str:
    return text or ""


def _integer(text: str | None) -> int:
    return int(text or "")


def _float(text: str | None) -> float:
    return float(text or "")


def _reference(text: str | None) -> Any:
    """Marker for types whose value is in an attribute, not in the text."""
    raise AssertionError(text)


def parse_bool(text: str | None) -> bool:
    """Whether a text is a true boolean."""
    return text is not None and text.strip() in ("true", "1")


def parse_datetime(text: str | None) -> datetime | None:
    """A moment; None if Python can't represent it: before the year 1 or after 9999. A day may end at 24:00:00."""
    stripped = (text or "").strip()
    try:
        moment = datetime.fromisoformat(stripped)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        if END_OF_DAY in stripped:
            return _next_day(parse_datetime(stripped.replace(END_OF_DAY, "T00:00:00")))
        if OUT_OF_RANGE.match(stripped):
            return None
        raise


def _next_day(moment: datetime | None) -> datetime | None:
    try:
        return None if moment is None else moment + timedelta(days=1)
    except OverflowError:
        return None


READERS: Mapping[str, Callable[[str | None], Any]] = {
    "string": _text,
    "anyURI": _text,
    "base64Binary": _text,
    "int": _integer,
    "long": _integer,
    "short": _integer,
    "byte": _integer,
    "float": _float,
    "double": _float,
    "boolean": parse_bool,
    "dateTime": parse_datetime,
    "ManagedObjectReference": _reference,
}


@lru_cache(maxsize=4096)
def _leaf_reader(declared: str) -> Callable[[str | None], Any]:
    """The reader of a leaf of this type. An enumeration is text; an empty leaf is an empty array or structure."""
    kind = _unprefixed(declared)
    if kind in READERS:
        return READERS[kind]
    if kind.startswith(ARRAY):
        return lambda _: ()
    if structure(kind):
        return lambda _: Structure(kind, {TYPE_KEY: kind})
    return lambda text: text or {TYPE_KEY: kind}
