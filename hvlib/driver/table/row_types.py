"""Row types: structures that hold some of a JSON object's properties.

A reply is decoded straight into them: properties that a query does not need are skipped, not built.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

__all__ = ["row_type", "row_type_of"]


@lru_cache(maxsize=1024)
def row_type(whole: type[msgspec.Struct], properties: frozenset[str]) -> type[msgspec.Struct]:
    """A structure type with these fields of ``whole``, which declares every property that a driver reads.

    Decoding fails if a property without a default is missing.
    """
    fields = [field for field in msgspec.structs.fields(whole) if field.name in properties]
    return _structure(whole.__name__, [(field.name, field.type, _field(field)) for field in fields])


def row_type_of(name: str, types: Mapping[str, Any]) -> type[msgspec.Struct]:
    """A structure type with properties of these types, for objects that the driver does not declare as a whole.

    A property that a reply lacks is None.
    """
    return _structure(name, [(property, type, None) for property, type in types.items()])


def _structure(name: str, fields: Iterable[tuple[str, Any, Any]]) -> type[msgspec.Struct]:
    return msgspec.defstruct(name, sorted(fields, key=lambda field: field[0]), kw_only=True, gc=False)


def _field(declared: msgspec.structs.FieldInfo) -> Any:
    name = declared.encode_name
    if declared.default is not msgspec.NODEFAULT:
        return msgspec.field(name=name, default=declared.default)
    if declared.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(name=name, default_factory=declared.default_factory)
    return msgspec.field(name=name)
