"""XenAPI's values: what they are in Python, and how each type is read from a request.

A string, an enumeration and a reference are ``str``; an int, a float and a bool are themselves; a datetime is a
`DateTime`; a set is a list, a map and a record are dicts. Values in the database are never changed, only replaced.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

__all__ = ["EPOCH", "NULL", "DateTime", "Int32", "Type", "WrongType", "now", "parse_type"]

NULL = "OpaqueRef:NULL"
INT_BITS = 64


class DateTime(str):
    """A moment as the server writes it: ``20240131T23:59:58Z``, without hyphens."""

    __slots__ = ()


class Int32(int):
    """An int that XML-RPC writes with its type, unlike all the others (ocaml/xapi-types/event_types.ml)."""


EPOCH = DateTime("19700101T00:00:00Z")


def now(ago: float = 0.0) -> DateTime:
    """The current moment, or the moment ``ago`` seconds before it. Later moments compare as greater."""
    return DateTime(time.strftime("%Y%m%dT%H:%M:%SZ", time.gmtime(time.time() - ago)))


class WrongType(Exception):
    """A request's value is not of the type that the message asks for."""


@dataclass(frozen=True, slots=True)
class Type:
    """A type of the datamodel. ``item``: the type of a set's or a map's values; ``key``: the type of a map's keys."""

    name: str
    kind: str
    item: Type | None = None
    key: Type | None = None

    def read(self, value: Any) -> Any:
        """Return a request's value as one of this type. Raises `WrongType`."""
        if self.kind == "set" and isinstance(value, list):
            assert self.item
            return [self.item.read(item) for item in value]
        if self.kind == "map" and isinstance(value, Mapping):
            assert self.item
            assert self.key
            return {self.key.read(key): self.item.read(item) for key, item in value.items()}
        if self.kind == "record" and isinstance(value, Mapping):
            return dict(value)
        if self.kind in _SCALARS:
            return _SCALARS[self.kind](value)
        raise WrongType(f"{type(value).__name__} where {self.name} is expected")

    def default(self, text: str | None) -> Any:
        """The value of a table's default text; the type's own zero if there is no text."""
        if text is None:
            return _ZEROS.get(self.kind, "")
        match self.kind:
            case "set":
                assert self.item
                return [self.item.default(item) for item in _split(text)]
            case "map":
                pairs = (pair.split(" -> ") for pair in _split(text))
                return {_unquote(key): _unquote(item) for key, item in pairs}
            case "bool":
                return text == "true"
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "datetime":
                return DateTime(text)
        return _unquote(text)


@cache
def parse_type(text: str) -> Type:
    """Read a type as the datamodel writes it: ``VM ref set``, ``(string -> int) map``, ``enum vm_power_state``."""
    words = text.split()
    if words[0] == "enum" and len(words) == 2:
        return Type(text, "enum")
    if words[-1] == "set":
        return Type(text, "set", parse_type(text.removesuffix(" set")))
    if words[-1] == "map":
        key, _, item = text.removesuffix(" map")[1:-1].partition(" -> ")
        return Type(text, "map", parse_type(item), parse_type(key))
    return Type(text, words[-1])


def _read_string(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise WrongType(f"{type(value).__name__} where a string is expected")


def _read_int(value: Any) -> int:
    """An int, or a string of digits: XML-RPC has no ints of 64 bits (ocaml/idl/ocaml_backend/gen_api.ml)."""
    try:
        number = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is None or number.bit_length() >= INT_BITS:
        raise WrongType(f"{value!r} where an int is expected")
    return number


def _read_float(value: Any) -> float:
    try:
        if not isinstance(value, bool) and isinstance(value, int | float | str):
            return float(value)
    except ValueError:
        pass
    raise WrongType(f"{value!r} where a float is expected")


def _read_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise WrongType(f"{type(value).__name__} where a bool is expected")


def _read_datetime(value: Any) -> DateTime:
    text = _read_string(value).replace("-", "")
    try:
        time.strptime(text.removesuffix("Z"), "%Y%m%dT%H:%M:%S")
    except ValueError as error:
        raise WrongType(f"{value!r} where a datetime is expected") from error
    return DateTime(text)


def _split(text: str) -> list[str]:
    inner = text[1:-1].strip()
    return inner.split(", ") if inner else []


def _unquote(text: str) -> str:
    return text[1:-1] if text.startswith('"') else text


_SCALARS = {
    "string": _read_string,
    "enum": _read_string,
    "ref": _read_string,
    "int": _read_int,
    "float": _read_float,
    "bool": _read_bool,
    "datetime": _read_datetime,
}
_ZEROS: dict[str, Any] = {
    "ref": NULL,
    "int": 0,
    "float": 0.0,
    "bool": False,
    "datetime": EPOCH,
    "set": [],
    "map": {},
    "record": {},
}
