"""Rows: the services' objects, reduced to the properties that a query needs."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

import msgspec

from hvlib.driver import protocol_errors
from hvlib.driver.table import NATIVE, native_type

__all__ = ["Row", "Rows"]

Row = Any
"""A structure with some properties of an object, and with all properties unchanged if native ones are wanted."""


class Rows(msgspec.Struct, frozen=True):
    """How the objects of a query are read into rows.

    | type: the structure of a row
    | id: the property that refs name an object by
    | native: whether native properties are wanted
    """

    type: type[msgspec.Struct]
    id: str
    native: bool

    @property
    def item_type(self) -> Any:
        """The type that an object of a reply is decoded into."""
        return dict[str, Any] if self.native else self.type

    def of(self, items: list[Any]) -> list[Row]:
        """The rows of a reply's objects. Raises `ProtocolError` for an object that does not fit."""
        if not self.native:
            return items
        with protocol_errors():
            return [msgspec.convert({**item, NATIVE: item}, native_type(self.type)) for item in items]

    def id_of(self, row: Row) -> str:
        """The identifier of an object."""
        return str(getattr(row, self.id))

    def among(self, rows: Sequence[Row], ids: Container[str]) -> Mapping[str, Row]:
        """The rows that have one of these identifiers, by identifier."""
        return {id: row for row in rows if (id := self.id_of(row)) in ids}
