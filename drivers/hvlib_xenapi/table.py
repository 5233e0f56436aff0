"""Tables: a kind's fields, the server's fields that they are made of, and the records built of those.

A kind's file is a table: hvlib's field, a column. From it come the fields that are asked for, by class, and how a
record is built of the rows that return.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec

from hvlib.model.query import Glob, Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Cluster, Resource
from hvlib_xenapi.joins import Forward, Join
from hvlib_xenapi.values import NULL, is_null
from hvlib_xenapi.wire.client import Client
from hvlib_xenapi.wire.rows import NATIVE, Inventory, Needs, Row

__all__ = [
    "LABELS",
    "TAGS",
    "Column",
    "Joined",
    "Many",
    "One",
    "Pool",
    "Records",
    "Sources",
    "Table",
    "any_of",
    "equals",
    "text",
]

R = TypeVar("R", bound=Resource)

Reader = Callable[[str, Row], Any]
"""Makes a field's value of an object's reference and row."""


class Sources(msgspec.Struct, frozen=True):
    """Everything that the fields of one class are read from, besides the object's own row."""

    cls: str
    client: Client
    inventory: Inventory


class Column:
    """A field that is made of the object's own: ``convert`` takes a value for each of them.

    ``stored`` is what the server's database calls the field, for filters there; ``encode`` makes the database's text of
    a filter's value, None where it has none.
    """

    join: Join | None = None

    def __init__(
        self,
        *fields: str,
        convert: Callable[..., Any] | None = None,
        stored: str = "",
        encode: Callable[[Any], str | None] | None = None,
    ) -> None:
        self.fields = fields
        self.stored = stored
        self._convert = convert
        self._encode = encode

    def encode(self, value: object) -> str | None:
        """A filter's value as the database has it; None if it can't be compared there."""
        if isinstance(value, Glob):
            return None
        return self._encode(value) if self._encode else value if isinstance(value, str) else None

    def reader(self, sources: Sources) -> Reader:  # noqa: ARG002 -- not of every column
        """Return the function that makes this field's value."""
        [first, *others], convert = self.fields, self._convert
        if convert is None:
            return lambda _, row: getattr(row, first)
        if not others:
            return lambda _, row: convert(getattr(row, first))
        return lambda _, row: convert(*[getattr(row, field) for field in self.fields])


class One(Column):
    """A field that refers to one object; None if to none."""

    def __init__(self, field: str, kind: type[Resource], *, stored: str = "") -> None:
        super().__init__(field, stored=stored, encode=_encoded_ref)
        self._kind = kind

    def reader(self, sources: Sources) -> Reader:
        """`Column.reader`."""
        field, make = self.fields[0], partial(sources.client.context.ref, self._kind)

        def read(_: str, row: Row) -> Ref | None:
            ref = getattr(row, field)
            return None if ref is None or is_null(ref) else make(ref)

        return read


class Pool(Column):
    """A field that is the pool itself."""

    def reader(self, sources: Sources) -> Reader:
        """`Column.reader`."""
        pool = sources.client.context.ref(Cluster, sources.client.login.pool)
        return lambda _ref, _row: pool


class Joined(Column):
    """A field that is made of joined rows: ``convert`` takes them, and then the object's own fields."""

    def __init__(self, join: Join, convert: Callable[..., Any], *own: str) -> None:
        super().__init__(*own, *join.own_fields())
        self.join = join
        self._own = own
        self._make = convert

    def reader(self, sources: Sources) -> Reader:
        """`Column.reader`."""
        assert self.join is not None
        find, make, fields = self.join.find(sources.cls, sources.inventory), self._make, self._own
        if not fields:
            return lambda ref, row: make(find(ref, row))
        return lambda ref, row: make(find(ref, row), *[getattr(row, field) for field in fields])


class Many(Joined):
    """A field that refers to several objects: ``convert`` makes their references of the joined rows."""

    def __init__(self, join: Join, kind: type[Resource], convert: Callable[..., Iterable[str]]) -> None:
        super().__init__(join, convert)
        self._kind = kind

    def reader(self, sources: Sources) -> Reader:
        """`Column.reader`."""
        read, make = super().reader(sources), partial(sources.client.context.ref, self._kind)
        return lambda ref, row: tuple([make(each) for each in dict.fromkeys(read(ref, row)) if not is_null(each)])


def text(value: str | None) -> str | None:
    """Text; None if there is none."""
    return value or None


def _encoded_ref(value: object) -> str | None:
    return NULL if value is None else value.id if isinstance(value, Ref) else None


LABELS: Mapping[str, Column] = {
    "uuid": Column("uuid", stored="uuid"),
    "name_label": Column("name_label", stored="name__label"),
    "description": Column("name_description", convert=text),
}
"""The columns that every class has."""

TAGS: Mapping[str, Column] = {"tags": Column("tags", convert=lambda tags: tuple(sorted(tags)))}


def equals(column: str, value: str) -> str | None:
    """A condition in the server's language, in which text can't hold a quotation mark: then None."""
    return None if '"' in value else f'field "{column}" = "{value}"'


def any_of(column: str, values: Iterable[str]) -> str:
    """Return the condition that a field has one of these values; none of them holds a quotation mark."""
    return " or ".join(f'field "{column}" = "{value}"' for value in values) or "false"


def several(values: object) -> tuple[object, ...]:
    """The values of a field of ``Table.where``."""
    return values if isinstance(values, tuple) else (values,)


class Table(msgspec.Struct, Generic[R], frozen=True):
    """One kind's fields, made of the server's objects of one class.

    | where: what the class's own fields must be for an object to be of this kind; of several values in a tuple, any
    | among: a row of another class, and what it must be besides
    """

    kind: type[R]
    cls: str
    fields: Mapping[str, Column]
    where: Mapping[str, object] = {}
    among: tuple[Forward, Callable[[Row], bool]] | None = None

    def joins(self, needed: Iterable[str]) -> list[Join]:
        """The joins that these fields need, each once."""
        found = [self.fields[name].join for name in needed]
        if self.among is not None:
            found.append(self.among[0])
        return [join for join in dict.fromkeys(found) if join is not None]

    def needs(self, needed: Iterable[str]) -> Needs:
        """Return the native fields that are needed of each class, for these fields."""
        needed = list(needed)
        needs: dict[str, set[str]] = {self.cls: {field for name in needed for field in self.fields[name].fields}}
        needs[self.cls].update(self.where)
        for join in self.joins(needed):
            needs[self.cls].update(join.own_fields())
            index = join.index(self.cls)
            extra = {index[1]} if index is not None and index[0] == join.cls else set()
            needs.setdefault(join.cls, set()).update(join.fields, extra)
        return {cls: frozenset(fields) for cls, fields in needs.items()}

    def links(self, needed: Iterable[str]) -> frozenset[str]:
        """The object's own fields that name what is joined to it."""
        return frozenset(link for join in self.joins(needed) if (link := join.link()) is not None)

    def indexes(self, needed: Iterable[str]) -> set[tuple[str, str]]:
        """Return the class and field of each index that rows are looked up by."""
        return {index for join in self.joins(needed) if (index := join.index(self.cls)) is not None}

    def conditions(self, query: Query[R]) -> list[str]:
        """Return the conditions that the server can check itself: the kind's, and the query's filters."""
        conditions = [
            any_of(field, (str(value).lower() for value in several(values))) for field, values in self.where.items()
        ]
        for each in query.filters:
            column = self.fields[each.field]
            values = [column.encode(value) for value in each.alternatives] if column.stored else [None]
            compared = [None if value is None else equals(column.stored, value) for value in values]
            if None not in compared:
                conditions.append(" or ".join(str(condition) for condition in compared) or "false")
        return conditions


class Records(Generic[R]):
    """Makes the records of one query."""

    def __init__(self, table: Table[R], query: Query[R], client: Client, inventory: Inventory) -> None:
        self.table = table
        self.inventory = inventory
        self._make_ref = partial(client.context.ref, table.kind)
        self._type: Any = query.record_type
        sources = Sources(table.cls, client, inventory)
        self._readers = [
            self._reader(name, sources) if name in query.record_type.loaded else _nothing
            for name in query.record_type.__struct_fields__[1:]
        ]
        self._where = [(field, several(values)) for field, values in table.where.items()]
        self._among = None
        if table.among is not None:
            join, accept = table.among
            self._among = (join.find(table.cls, inventory), accept)

    def fits(self, ref: str, row: Row) -> bool:
        """Tell whether an object is of this kind."""
        if any(getattr(row, field) not in values for field, values in self._where):
            return False
        if self._among is None:
            return True
        find, accept = self._among
        other = find(ref, row)
        return other is not None and accept(other)

    def record(self, ref: str, row: Row) -> R:
        """The record of an object."""
        record: R = self._type(self._make_ref(ref), *[read(ref, row) for read in self._readers])
        return record

    def ref(self, ref: str) -> Ref:
        """The ref of an object of this kind."""
        return self._make_ref(ref)

    def all(self, rows: Iterable[tuple[str, Row]]) -> Sequence[R]:
        """Return the records of the objects that are of this kind."""
        return [self.record(ref, row) for ref, row in rows if self.fits(ref, row)]

    def _reader(self, name: str, sources: Sources) -> Reader:
        if name == NATIVE:
            return lambda _, row: getattr(row, NATIVE)
        return self.table.fields[name].reader(sources)


def _nothing(ref: str, row: Row) -> None:  # noqa: ARG001 -- a reader
    return None
