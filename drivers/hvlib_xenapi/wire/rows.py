"""Rows: the server's records, with only the fields that are needed of each class.

Replies are decoded straight into rows: other fields are skipped, not built.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from hvlib.driver.table import NATIVE, native_type, row_type_of
from hvlib_xenapi.wire.conversion import converter
from hvlib_xenapi.wire.datamodel import FIELDS

__all__ = ["Inventory", "Needs", "Row", "Rows", "native_row", "row_type", "rows_type"]

Row = Any
"""A structure whose attributes are fields of one class."""

Rows = dict[str, dict[str, Row]]
"""Rows by class and reference."""

Needs = Mapping[str, frozenset[str]]
"""Fields by class."""

NUMBERS: Mapping[str, Any] = {"int": int | None, "float": float | None}
"""The types of numbers, which XML-RPC sends as text. Columns convert everything else."""


@lru_cache(maxsize=512)
def row_type(cls: str, fields: frozenset[str]) -> Any:
    """The structure that holds these fields of a class; a field that an old server lacks is None."""
    types = FIELDS.get(cls, {})
    numbers = {name: number for type, number in NUMBERS.items() for name in types.get(type, "").split()}
    return row_type_of(cls, {field: numbers.get(field, Any) for field in fields})


def rows_type(cls: str, fields: frozenset[str]) -> Any:
    """The type of rows by reference."""
    return dict[str, row_type(cls, fields)]  # type: ignore[misc]


def native_row(cls: str, fields: frozenset[str], record: Mapping[str, Any]) -> Row:
    """A row that has the server's own record too, under the name `NATIVE`, which no field of XenAPI has."""
    convert = converter(f"{cls} record")
    whole = record if convert is None else convert(record)
    return msgspec.convert({**record, NATIVE: whole}, native_type(row_type(cls, fields)), strict=False)


Back = dict[str, dict[str, Row]]
"""Rows by the reference in one of their fields, and then by their own reference."""


class Inventory:
    """Rows of several classes by reference, and indexes by the references in some of their fields."""

    def __init__(self, classes: Iterable[str], indexes: Iterable[tuple[str, str]]) -> None:
        self.rows: Rows = {cls: {} for cls in classes}
        self._backs: dict[tuple[str, str], Back] = {index: defaultdict(dict) for index in indexes}
        self._fields: dict[str, list[str]] = defaultdict(list)
        for cls, field in self._backs:
            self._fields[cls].append(field)

    def back(self, cls: str, field: str) -> Back:
        """The index of a class's rows by the references in one of their fields."""
        return self._backs[cls, field]

    def load(self, cls: str, rows: dict[str, Row]) -> None:
        """Set all rows of a class, of which none may be here yet."""
        self.rows[cls] = rows
        for field in self._fields[cls]:
            back = self._backs[cls, field]
            for ref, row in rows.items():
                back[getattr(row, field)][ref] = row

    def put(self, cls: str, ref: str, row: Row) -> None:
        """Add a row, or replace an older one."""
        self.drop(cls, ref)
        self.rows[cls][ref] = row
        for field in self._fields[cls]:
            self._backs[cls, field][getattr(row, field)][ref] = row

    def drop(self, cls: str, ref: str) -> None:
        """Remove a row, if it is here."""
        row = self.rows[cls].pop(ref, None)
        for field in self._fields[cls] if row is not None else ():
            back, target = self._backs[cls, field], getattr(row, field)
            del back[target][ref]
            if not back[target]:
                del back[target]
