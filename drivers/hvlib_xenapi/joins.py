"""Joins: the objects of other classes, or of the same, that a kind's fields are made of too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

import msgspec

from hvlib.driver.table import Code, Records, Table, attribute, native_of
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib_xenapi.wire.client import Client
from hvlib_xenapi.wire.rows import Inventory, Needs, Row

__all__ = ["Backward", "Beyond", "Every", "Forward", "Join", "Worded", "indexes", "links", "needs", "records"]

R = TypeVar("R", bound=Resource)


class Join(msgspec.Struct, frozen=True):
    """Rows of a class that belong to an object.

    | name, fields: the class, and what is needed of it
    | where: the condition that all rows fit which may be joined; the others are not read with the whole class
    """

    few: ClassVar[bool] = False
    """Whether few objects are joined, however many objects there are: each is read by itself, never the whole class."""

    name: str
    fields: tuple[str, ...] = ()
    where: str = "true"

    @property
    def natives(self) -> tuple[str, ...]:
        """The fields that are needed of the object itself."""
        return ()

    def link(self) -> str | None:
        """The object's own field that names the joined objects; None if none does."""
        return None

    def named(self, inventory: Inventory, ref: str, row: Row) -> Iterable[str]:
        """The references of the objects that are joined to one, which has this row. Some may be to nothing."""
        raise NotImplementedError

    def index(self, own: str) -> tuple[str, str] | None:  # noqa: ARG002
        """The class and field to be looked up by."""
        return None

    def source(self, code: Code) -> str:
        """The expression of the joined rows; `Inventory` has them."""
        raise NotImplementedError

    def owners(self, own: str, inventory: Inventory, ref: str, rows: Iterable[Row]) -> Iterable[str]:
        """The objects that a change of a row concerns, which was and is as ``rows`` say."""
        raise NotImplementedError


class Forward(Join, frozen=True, kw_only=True):
    """The one object that a field of the object's own refers to; None if there is none."""

    via: str

    @property
    def natives(self) -> tuple[str, ...]:
        """`Join.natives`."""
        return (self.via,)

    def link(self) -> str:
        """`Join.link`."""
        return self.via

    def named(self, inventory: Inventory, ref: str, row: Row) -> Iterable[str]:  # noqa: ARG002
        """`Join.named`."""
        return (getattr(row, self.via),)

    def index(self, own: str) -> tuple[str, str]:
        """`Join.index`."""
        return own, self.via

    def source(self, code: Code) -> str:
        """`Join.source`."""
        return f"{code.bind(code.joined.rows[self.name])}.get({attribute(self.via)})"

    def owners(self, own: str, inventory: Inventory, ref: str, rows: Iterable[Row]) -> Iterable[str]:  # noqa: ARG002
        """`Join.owners`."""
        return tuple(inventory.back(own, self.via).get(ref, ()))


class Worded(Join, frozen=True, kw_only=True):
    """The one object that the object's own fields name in words of theirs; None if they name none.

    | words: those fields; the last one holds the reference
    | read: takes a row and returns the reference, None if it names none
    """

    few: ClassVar[bool] = True

    words: tuple[str, ...]
    read: Callable[[Row], str | None]

    @property
    def natives(self) -> tuple[str, ...]:
        """`Join.natives`."""
        return self.words

    def link(self) -> str:
        """`Join.link`."""
        return self.words[-1]

    def named(self, inventory: Inventory, ref: str, row: Row) -> Iterable[str]:  # noqa: ARG002
        """`Join.named`."""
        found = self.read(row)
        return () if found is None else (found,)

    def source(self, code: Code) -> str:
        """`Join.source`."""
        return f"{code.bind(code.joined.rows[self.name])}.get({code.bind(self.read)}(row))"

    def owners(self, own: str, inventory: Inventory, ref: str, rows: Iterable[Row]) -> Iterable[str]:  # noqa: ARG002
        """`Join.owners`."""
        return [owner for owner, row in inventory.rows[own].items() if self.read(row) == ref]


class Backward(Join, frozen=True, kw_only=True):
    """The objects of another class that refer to the object by one of their fields: rows by reference.

    | by: that field
    | refs: the object's own field that lists them
    """

    by: str
    refs: str

    def link(self) -> str:
        """`Join.link`."""
        return self.refs

    def named(self, inventory: Inventory, ref: str, row: Row) -> Iterable[str]:  # noqa: ARG002
        """`Join.named`."""
        refs: Iterable[str] = getattr(row, self.refs)
        return refs

    def index(self, own: str) -> tuple[str, str]:  # noqa: ARG002
        """`Join.index`."""
        return self.name, self.by

    def source(self, code: Code) -> str:
        """`Join.source`."""
        return f"{code.bind(code.joined.back(self.name, self.by))}.get(id, {code.bind({})})"

    def owners(self, own: str, inventory: Inventory, ref: str, rows: Iterable[Row]) -> Iterable[str]:  # noqa: ARG002
        """`Join.owners`."""
        return {getattr(row, self.by) for row in rows}


class Beyond(Join, frozen=True, kw_only=True):
    """The rows of a third class that the rows of a backward join refer to: all of the class, by reference.

    | through, via: that join, and the field by which its rows refer to the third class
    """

    through: Backward
    via: str

    def named(self, inventory: Inventory, ref: str, row: Row) -> Iterable[str]:  # noqa: ARG002
        """`Join.named`, as far as the rows between are in the inventory."""
        between = inventory.back(self.through.name, self.through.by).get(ref, {})
        return [getattr(each, self.via) for each in between.values()]

    def index(self, own: str) -> tuple[str, str]:  # noqa: ARG002
        """`Join.index`."""
        return self.through.name, self.via

    def source(self, code: Code) -> str:
        """`Join.source`."""
        return code.bind(code.joined.rows[self.name])

    def owners(self, own: str, inventory: Inventory, ref: str, rows: Iterable[Row]) -> Iterable[str]:  # noqa: ARG002
        """`Join.owners`."""
        between = inventory.back(self.through.name, self.via).get(ref, {})
        return {getattr(row, self.through.by) for row in between.values()}


class Every(Join, frozen=True):
    """Every object of another class belongs to each object: rows by reference."""

    def source(self, code: Code) -> str:
        """`Join.source`."""
        return code.bind(code.joined.rows[self.name])

    def owners(self, own: str, inventory: Inventory, ref: str, rows: Iterable[Row]) -> Iterable[str]:  # noqa: ARG002
        """`Join.owners`."""
        return tuple(inventory.rows[own])


def needs(table: Table[Any], fields: Iterable[str]) -> Needs:
    """The native fields that are needed of each class, for these fields of a kind."""
    needed = {table.native_type: set(table.natives(fields))}
    for join in table.joins(fields):
        needed.setdefault(join.name, set()).update(join.fields)
    for cls, field in indexes(table, fields):
        needed[cls].add(field)
    return {cls: frozenset(names) for cls, names in needed.items()}


def links(table: Table[Any], fields: Iterable[str]) -> frozenset[str]:
    """The object's own fields that name what is joined to it."""
    return frozenset(link for join in table.joins(fields) if (link := join.link()) is not None)


def indexes(table: Table[Any], fields: Iterable[str]) -> set[tuple[str, str]]:
    """The class and field of each index that rows are looked up by."""
    own = table.native_type
    return {index for join in table.joins(fields) if (index := join.index(own)) is not None}


def records(table: Table[R], query: Query[R], client: Client, inventory: Inventory) -> Records[R]:
    """Makes the query's records of rows, which have the server's own records where these are wanted."""
    return table.records(query, attribute, client.context, client, inventory, native_of)
