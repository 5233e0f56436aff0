"""Row types: structures that hold some of a JSON object's properties.

A reply is decoded straight into them: what a query does not need is skipped, not built.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

__all__ = ["row_type", "row_type_of"]


@lru_cache(maxsize=1024)
def row_type(whole: type[msgspec.Struct], properties: frozenset[str]) -> type[msgspec.Struct]:
    """The structure that holds these properties of ``whole``, which declares all that a driver reads.

    A property without a default must be there, or decoding fails.
    """
    chosen = [(each.name, each.type, _field(each)) for each in msgspec.structs.fields(whole) if each.name in properties]
    return _structure(whole.__name__, chosen)


def row_type_of(name: str, types: Mapping[str, Any]) -> type[msgspec.Struct]:
    """The structure that holds properties of these types, for objects that the driver does not declare as a whole.

    A property that a reply lacks is None.
    """
    return _structure(name, [(each, type, None) for each, type in types.items()])


def _structure(name: str, fields: Iterable[tuple[str, Any, Any]]) -> type[msgspec.Struct]:
    return msgspec.defstruct(name, sorted(fields, key=lambda field: field[0]), kw_only=True, gc=False)


def _field(declared: msgspec.structs.FieldInfo) -> Any:
    name = declared.encode_name
    if declared.default is not msgspec.NODEFAULT:
        return msgspec.field(name=name, default=declared.default)
    if declared.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(name=name, default_factory=declared.default_factory)
    return msgspec.field(name=name)
