"""Rows: the server's records, of each class just the fields that are needed.

JSON is decoded straight into them: what is not needed is skipped, not built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from hvlib_xenapi.datamodel import FIELDS
from hvlib_xenapi.values import converter

__all__ = ["Needs", "Row", "Rows", "grouped", "row_of", "row_type", "rows_of"]

Row = Any
"""A structure whose attributes are fields of one class."""

Rows = dict[str, dict[str, Row]]
"""Rows by class and reference."""

Needs = Mapping[str, frozenset[str]]
"""Fields by class."""


@lru_cache(maxsize=512)
def row_type(cls: str, fields: frozenset[str]) -> type:
    """The structure that holds these fields of a class; a field that an old server lacks is None."""
    return msgspec.defstruct(cls, [(field, Any, None) for field in sorted(fields)], gc=False)


def row_of(cls: str, fields: frozenset[str], record: Mapping[str, Any]) -> Row:
    """A row out of a record whose values may be text, as XML-RPC's are."""
    converters = _converters(cls, fields)
    values = {field: record[field] for field in fields if field in record}
    for field, convert in converters.items():
        if field in values:
            values[field] = convert(values[field])
    return row_type(cls, fields)(**values)


@lru_cache(maxsize=512)
def _converters(cls: str, fields: frozenset[str]) -> Mapping[str, Callable[[Any], Any]]:
    """Numbers alone: what else there is, columns convert."""
    found: dict[str, Callable[[Any], Any]] = {}
    for type, names in FIELDS.get(cls, {}).items():
        convert = converter(type) if type in ("int", "float") else None
        if convert is not None:
            found.update((name, convert) for name in names.split() if name in fields)
    return found


def rows_of(cls: str, fields: frozenset[str], records: Mapping[str, Any]) -> dict[str, Row]:
    """Rows by reference, of records or of rows that JSON was decoded into."""
    if not records or not isinstance(next(iter(records.values())), dict):
        return dict(records)
    return {ref: row_of(cls, fields, record) for ref, record in records.items()}


def grouped(rows: Mapping[str, Row], by: str) -> dict[str, list[Row]]:
    """Rows by what one of their fields refers to."""
    groups: dict[str, list[Row]] = {}
    for row in rows.values():
        groups.setdefault(getattr(row, by), []).append(row)
    return groups

