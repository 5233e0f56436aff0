"""Tables: a kind's table says from which of the server's properties each field is made. All drivers share the code."""

from __future__ import annotations

from hvlib.driver.table.code import Code, attribute, item, item_or_none
from hvlib.driver.table.columns import (
    ID,
    NOT_STORED,
    Column,
    Constant,
    Field,
    Join,
    Joined,
    RefsTo,
    RefTo,
    itself,
)
from hvlib.driver.table.native import NATIVE, native_of, native_or_none, native_type
from hvlib.driver.table.row_types import row_type, row_type_of
from hvlib.driver.table.table import Records, StoredFilter, Table

__all__ = [
    "ID",
    "NATIVE",
    "NOT_STORED",
    "Code",
    "Column",
    "Constant",
    "Field",
    "Join",
    "Joined",
    "Records",
    "RefTo",
    "RefsTo",
    "StoredFilter",
    "Table",
    "attribute",
    "item",
    "item_or_none",
    "itself",
    "native_of",
    "native_or_none",
    "native_type",
    "row_type",
    "row_type_of",
]
