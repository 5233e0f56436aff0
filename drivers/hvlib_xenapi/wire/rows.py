"""Rows: the server's records, of each class just the fields that are needed.

JSON is decoded straight into them: what is not needed is skipped, not built.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from hvlib.model.errors import InvalidQuery
from hvlib_xenapi.wire.conversion import converter
from hvlib_xenapi.wire.datamodel import FIELDS

__all__ = ["NATIVE", "Inventory", "Needs", "Row", "Rows", "native_row", "row_of", "row_type", "rows_of"]

Row = Any
"""A structure whose attributes are fields of one class."""

Rows = dict[str, dict[str, Row]]
"""Rows by class and reference."""

Needs = Mapping[str, frozenset[str]]
"""Fields by class."""

NATIVE = "native"
"""The name of a row's attribute for the server's own record; no field of XenAPI has it."""


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
    """Return the converters of numbers. Columns convert everything else."""
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


def native_row(cls: str, fields: frozenset[str], names: bool | tuple[str, ...], record: Mapping[str, Any]) -> Row:
    """A row that has the server's own record too, or what of it is named. Raises `InvalidQuery` for other names."""
    convert = converter(f"{cls} record")
    whole = record if convert is None else convert(record)
    if isinstance(names, tuple):
        for name in names:
            if name not in whole:
                raise InvalidQuery(f"{cls} has no field {name!r}")
        whole = {name: whole[name] for name in names}
    row = row_of(cls, fields, record)
    setattr(row, NATIVE, whole)
    return row


Back = dict[str, dict[str, Row]]
"""Rows by what one of their fields refers to, and by their own reference."""


class Inventory:
    """Rows of several classes, by reference, and for some fields by what those refer to."""

    def __init__(self, classes: Iterable[str], indexes: Iterable[tuple[str, str]]) -> None:
        self.rows: Rows = {cls: {} for cls in classes}
        self._backs: dict[tuple[str, str], Back] = {index: defaultdict(dict) for index in indexes}
        self._fields: dict[str, list[str]] = defaultdict(list)
        for cls, field in self._backs:
            self._fields[cls].append(field)

    def back(self, cls: str, field: str) -> Back:
        """The rows of a class by what a field of theirs refers to."""
        return self._backs[cls, field]

    def load(self, cls: str, rows: dict[str, Row]) -> None:
        """Take all rows of a class, none of which is there yet."""
        self.rows[cls] = rows
        for field in self._fields[cls]:
            back = self._backs[cls, field]
            for ref, row in rows.items():
                back[getattr(row, field)][ref] = row

    def put(self, cls: str, ref: str, row: Row) -> None:
        """Take a row, in the place of an older one."""
        self.drop(cls, ref)
        self.rows[cls][ref] = row
        for field in self._fields[cls]:
            self._backs[cls, field][getattr(row, field)][ref] = row

    def drop(self, cls: str, ref: str) -> None:
        """Forget a row, if it is there."""
        row = self.rows[cls].pop(ref, None)
        for field in self._fields[cls] if row is not None else ():
            back, target = self._backs[cls, field], getattr(row, field)
            del back[target][ref]
            if not back[target]:
                del back[target]
