"""Native properties: an object's own, as the server has them. ``native=`` brings them along in its record."""

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
"""Gives the native properties of the object that a row is of, by name."""

native_of: NativeOf = attrgetter(NATIVE)
"""The native properties that a structure of `native_type` holds."""


@lru_cache(maxsize=512)
def native_type(row: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The structure that holds what ``row`` does, and the object's native properties as they are."""
    return msgspec.defstruct(row.__name__, [(NATIVE, Any)], bases=(row,), kw_only=True, gc=False)


def native_or_none(query: Query[Any], properties: NativeOf) -> NativeOf:
    """``properties`` with None for each that the query names and the object lacks.

    For servers that leave out what an object has not: elsewhere a name that an object lacks is refused.
    """
    missing = {} if isinstance(query.native, bool) else dict.fromkeys(query.native)
    return lambda row: {**missing, **properties(row)}
