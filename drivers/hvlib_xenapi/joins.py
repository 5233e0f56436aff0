"""Joins: the objects of other classes that a kind's fields are made of too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from hvlib_xenapi.wire.rows import Inventory, Row

__all__ = ["Backward", "Every", "Forward", "Join"]


class Join(msgspec.Struct, frozen=True):
    """Rows of another class that belong to an object.

    | cls, fields: the other class, and what is needed of it
    """

    cls: str
    fields: tuple[str, ...] = ()

    def own_fields(self) -> tuple[str, ...]:
        """Return the fields that are needed of the object itself."""
        return ()

    def index(self, own: str) -> tuple[str, str] | None:  # noqa: ARG002
        """The class and field to be looked up by."""
        return None

    def find(self, own: str, inventory: Inventory) -> Callable[[str, Row], Any]:
        """Return the function that finds the rows of an object."""
        raise NotImplementedError

    def owners(self, own: str, inventory: Inventory, ref: str, rows: Iterable[Row]) -> Iterable[str]:
        """The objects that a change of a row concerns, which was and is as ``rows`` say."""
        raise NotImplementedError

    def link(self) -> str | None:
        """The object's own field that names the joined objects; None: they are all of the class."""
        return None


class Forward(Join, frozen=True, kw_only=True):
    """The one object that a field of the object's own refers to; None if there is none."""

    via: str

    def own_fields(self) -> tuple[str, ...]:
        """`Join.own_fields`."""
        return (self.via,)

    def index(self, own: str) -> tuple[str, str]:
        """`Join.index`."""
        return own, self.via

    def find(self, own: str, inventory: Inventory) -> Callable[[str, Row], Any]:  # noqa: ARG002
        """`Join.find`."""
        rows, via = inventory.rows, self.via
        cls = self.cls
        return lambda _, row: rows[cls].get(getattr(row, via))

    def owners(self, own: str, inventory: Inventory, ref: str, rows: Iterable[Row]) -> Iterable[str]:  # noqa: ARG002
        """`Join.owners`."""
        return tuple(inventory.back(own, self.via).get(ref, ()))

    def link(self) -> str:
        """`Join.link`."""
        return self.via


class Backward(Join, frozen=True, kw_only=True):
    """The objects of another class that refer to the object by one of their fields: rows by reference.

    | by: that field
    | refs: the object's own field that lists them
    """

    by: str
    refs: str

    def index(self, own: str) -> tuple[str, str]:  # noqa: ARG002
        """`Join.index`."""
        return self.cls, self.by

    def find(self, own: str, inventory: Inventory) -> Callable[[str, Row], Any]:  # noqa: ARG002
        """`Join.find`."""
        back = inventory.back(self.cls, self.by)
        return lambda ref, _: back.get(ref, {})

    def owners(self, own: str, inventory: Inventory, ref: str, rows: Iterable[Row]) -> Iterable[str]:  # noqa: ARG002
        """`Join.owners`."""
        return {getattr(row, self.by) for row in rows}

    def link(self) -> str:
        """`Join.link`."""
        return self.refs


class Every(Join, frozen=True):
    """Every object of another class belongs to each object: rows by reference."""

    def find(self, own: str, inventory: Inventory) -> Callable[[str, Row], Any]:  # noqa: ARG002
        """`Join.find`."""
        rows, cls = inventory.rows, self.cls
        return lambda _ref, _row: rows[cls]

    def owners(self, own: str, inventory: Inventory, ref: str, rows: Iterable[Row]) -> Iterable[str]:  # noqa: ARG002
        """`Join.owners`."""
        return tuple(inventory.rows[own])
