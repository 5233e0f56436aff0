"""Rows: the server's records, of each class just the fields that are needed.

Replies are decoded straight into them: what is not needed is skipped, not built.
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
    """A row that has the server's own record too. No field of XenAPI has that one's name."""
    convert = converter(f"{cls} record")
    whole = record if convert is None else convert(record)
    return msgspec.convert({**record, NATIVE: whole}, native_type(row_type(cls, fields)), strict=False)


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
