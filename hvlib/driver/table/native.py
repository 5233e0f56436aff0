"""Native properties: an object's properties as the server has them. ``native=`` adds them to its record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec

from hvlib.model.query import Query

__all__ = ["NATIVE", "NativeOf", "native_of", "native_or_none", "native_type"]

NATIVE = "native"
"""The field of a record, and of a structure of `native_type`, that holds native properties."""

NativeOf = Callable[[Any], Mapping[str, Any]]
"""Returns the native properties, by name, of the object that a row describes."""

native_of: NativeOf = attrgetter(NATIVE)
"""The native properties that a structure of `native_type` holds."""


@lru_cache(maxsize=512)
def native_type(row: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """A structure type with the fields of ``row`` and one more, for the object's native properties."""
    return msgspec.defstruct(row.__name__, [(NATIVE, Any)], bases=(row,), kw_only=True, gc=False)


def native_or_none(query: Query[Any], properties: NativeOf) -> NativeOf:
    """A function that returns ``properties(row)``, and None for each property that the query names and the row lacks.

    For servers that leave out properties that an object does not have. Without it, such a name raises `InvalidQuery`.
    """
    missing = {} if isinstance(query.native, bool) else dict.fromkeys(query.native)
    return lambda row: {**missing, **properties(row)}
