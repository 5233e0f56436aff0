"""Rows: the services' objects, of each just the properties that a query needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hvlib.model.errors import ProtocolError

__all__ = ["Row", "Rows"]

Row = Any
"""A structure that holds some properties of an object."""


class Rows(msgspec.Struct, frozen=True):
    """How the objects of a query are read: into rows, or whole where their native properties are wanted too.

    | type: the structure of a row
    | id: the property that refs name an object by
    | native: the query's: all properties, or the named ones
    """

    type: type[msgspec.Struct]
    id: str
    native: bool | Sequence[str]

    @property
    def item_type(self) -> Any:
        """The type that an object of a reply is read into."""
        return dict[str, Any] if self.native else self.type

    def row(self, item: Any) -> Row:
        """The row of an object. Raises `ProtocolError` where it does not fit."""
        if not self.native:
            return item
        try:
            return msgspec.convert(item, self.type)
        except msgspec.ValidationError as error:
            raise ProtocolError(f"a record that can't be read: {error}") from error

    def id_of(self, item: Any) -> str:
        """The identifier of an object."""
        return str(item[self.id] if self.native else getattr(item, self.id))

    def natives_of(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """The native properties that are wanted. Objects have what they have, not all the same."""
        names = self.native
        return item if isinstance(names, bool) else {name: item[name] for name in names if name in item}
