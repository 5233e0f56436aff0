"""Conversion of the wire's values to the types that the datamodel declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from hvlib_xenapi.values import moment, reference
from hvlib_xenapi.wire.datamodel import FIELDS

__all__ = ["Converter", "converter"]

Converter = Callable[[Any], Any]


@lru_cache(maxsize=1024)
def converter(type: str) -> Converter | None:
    """Return the function that converts values to a type of the datamodel; None if they need no conversion."""
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
