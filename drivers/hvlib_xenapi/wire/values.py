"""Values: conversions from the wire's text to the declared types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from hvlib_xenapi.wire.datamodel import FIELDS

__all__ = ["NULL", "Converter", "converter", "is_null", "known_moment", "moment", "reference"]

Converter = Callable[[Any], Any]

NULL = "OpaqueRef:NULL"


def is_null(ref: str) -> bool:
    """Tell whether a reference is one to nothing. Old servers have other words for it."""
    return ref in (NULL, "") or ref.startswith("Ref:")


def reference(ref: str) -> str | None:
    """A reference; None for one to nothing."""
    return None if is_null(ref) else ref


def moment(text: str | datetime) -> datetime:
    """A moment: ``20240101T00:00:00Z``, with hyphens or without; without a zone it is UTC too.

    XML-RPC has a type of its own for them, which is as text the same.
    """
    parsed = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


@lru_cache(maxsize=1024)
def converter(type: str) -> Converter | None:
    """Return the function that makes values of a type of the datamodel; None for a type that needs none."""
    if type in SCALARS:
        return SCALARS[type]
    if type.endswith(" map"):
        return _of_map(*type.removesuffix(" map").strip("()").split(" -> "))
    if type.endswith(" set"):
        return _of_set(converter(type.removesuffix(" set")))
    if type.endswith(" record"):
        return _of_record(type.removesuffix(" record"))
    return None


SCALARS: Mapping[str, Converter] = {"int": int, "float": float, "datetime": moment, "ref": reference}


def _of_set(item: Converter | None) -> Converter | None:
    if item is None:
        return None
    return lambda values: [item(value) for value in values]


def _of_map(key: str, value: str) -> Converter | None:
    keys, values = (converter(key) if key != "ref" else None), converter(value)
    if keys is None and values is None:
        return None
    of_key, of_value = keys or _itself, values or _itself
    return lambda found: {of_key(each): of_value(found[each]) for each in found}


def _of_record(name: str) -> Converter:
    fields = {
        field: made
        for type, names in FIELDS.get(name, {}).items()
        for field in names.split()
        if (made := converter(type))
    }

    def convert(record: Mapping[str, Any]) -> dict[str, Any]:
        return {field: fields[field](value) if field in fields else value for field, value in record.items()}

    return convert


def _itself(value: Any) -> Any:
    return value


def known_moment(text: str | datetime) -> datetime | None:
    """A moment; None for the epoch, which stands for one that nobody noted."""
    found = moment(text)
    return found if found.timestamp() > 0 else None
