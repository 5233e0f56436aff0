"""Joins: the rows of other objects, of any class, that a kind's fields need besides the object's own row."""

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
    """The rows of a class that are joined to an object.

    | name, fields: the class, and the fields that are needed of its rows
    | where: a condition that every row to be joined fits; of the whole class, only the rows that fit it are read
    """

    few: ClassVar[bool] = False
    """Whether few rows are joined, however many objects there are: the whole class is never read."""

    name: str
    fields: tuple[str, ...] = ()
    where: str = "true"

    @property
    def natives(self) -> tuple[str, ...]:
        """The object's own fields that the join needs."""
        return ()

    def link(self) -> str | None:
        """The object's own field with the references of the joined objects; None if there is no such field."""
        return None

    def named(self, inventory: Inventory, ref: str, row: Row) -> Iterable[str]:
        """The references of the objects that are joined to ``ref``, which has this row. Some may be null."""
        raise NotImplementedError

    def index(self, own: str) -> tuple[str, str] | None:  # noqa: ARG002
        """The class and field of the index in which the join looks rows up; None if it needs no index."""
        return None

    def source(self, code: Code) -> str:
        """The source text of an expression that gets the joined rows out of the `Inventory`."""
        raise NotImplementedError

    def owners(self, own: str, inventory: Inventory, ref: str, rows: Iterable[Row]) -> Iterable[str]:
        """The objects that a change of the joined object ``ref`` concerns; ``rows``: its rows before and after it."""
        raise NotImplementedError


class Forward(Join, frozen=True, kw_only=True):
    """The one object to which the object's own field ``via`` refers; None if there is none."""

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
    """The one object whose reference ``read`` finds in the text of the object's own fields; None if it finds none.

    | words: those fields; the last one holds the reference
    | read: takes the object's row and returns the reference, None if there is none
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
    """The objects of another class that refer to the object: their rows by reference.

    | by: their field that refers to the object
    | refs: the object's own field that lists their references
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
    """The rows of a third class to which the rows of a backward join refer: all loaded rows of the class, by reference.

    | through, via: the backward join, and the field of its rows that refers to the third class
    """

    through: Backward
    via: str

    def named(self, inventory: Inventory, ref: str, row: Row) -> Iterable[str]:  # noqa: ARG002
        """`Join.named`, for the rows of ``through`` that are in the inventory."""
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
    """All objects of another class are joined to each object: their rows by reference."""

    def source(self, code: Code) -> str:
        """`Join.source`."""
        return code.bind(code.joined.rows[self.name])

    def owners(self, own: str, inventory: Inventory, ref: str, rows: Iterable[Row]) -> Iterable[str]:  # noqa: ARG002
        """`Join.owners`."""
        return tuple(inventory.rows[own])


def needs(table: Table[Any], fields: Iterable[str]) -> Needs:
    """The native fields of each class that these fields of a kind need."""
    needed = {table.native_type: set(table.natives(fields))}
    for join in table.joins(fields):
        needed.setdefault(join.name, set()).update(join.fields)
    for cls, field in indexes(table, fields):
        needed[cls].add(field)
    return {cls: frozenset(names) for cls, names in needed.items()}


def links(table: Table[Any], fields: Iterable[str]) -> frozenset[str]:
    """The object's own fields with the references of joined objects."""
    return frozenset(link for join in table.joins(fields) if (link := join.link()) is not None)


def indexes(table: Table[Any], fields: Iterable[str]) -> set[tuple[str, str]]:
    """The class and field of each index in which the joins look rows up."""
    own = table.native_type
    return {index for join in table.joins(fields) if (index := join.index(own)) is not None}


def records(table: Table[R], query: Query[R], client: Client, inventory: Inventory) -> Records[R]:
    """The functions that make the query's records out of rows, with the server's own records if it wants them."""
    return table.records(query, attribute, client.context, client, inventory, native_of)
