"""Rows: the services' records, of each just the fields that are needed.

JSON is decoded straight into them: what is not needed is skipped, not built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from hvlib.model.errors import ProtocolError

__all__ = ["Row", "native_of", "row_of", "row_type"]

Row = Any
"""A structure that holds some of a service's fields of an object."""


@lru_cache(maxsize=512)
def row_type(whole: type[msgspec.Struct], fields: frozenset[str]) -> type[msgspec.Struct]:
    """The structure that holds these fields of ``whole``, which declares all that hvlib reads."""
    chosen = [
        (
            each.name,
            each.type,
            msgspec.field(name=each.encode_name)
            if each.required
            else msgspec.field(name=each.encode_name, default=each.default)
            if each.default is not msgspec.NODEFAULT
            else msgspec.field(name=each.encode_name, default_factory=each.default_factory),
        )
        for each in msgspec.structs.fields(whole)
        if each.name in fields
    ]
    return msgspec.defstruct(whole.__name__, sorted(chosen, key=lambda field: field[0]), kw_only=True, gc=False)


def row_of(type: type[msgspec.Struct], record: Mapping[str, Any]) -> Row:
    """A row out of a record that was decoded whole. Raises `ProtocolError` where it does not fit."""
    try:
        return msgspec.convert(record, type)
    except msgspec.ValidationError as error:
        raise ProtocolError(f"a record that can't be read: {error}") from error


def native_of(names: bool | Sequence[str], record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The service's own record, or what of it is named. Records have what their object has, not all the same."""
    return record if isinstance(names, bool) else {name: record[name] for name in names if name in record}
