"""Tables: a kind's fields, the service's fields that they are made of, and the records built of those.

A kind's file is a table: hvlib's field, a column. From it come the fields that are decoded, what is joined, and how a
record is built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec

from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource
from hvlib_openstack.joins import Join
from hvlib_openstack.listing import Joins
from hvlib_openstack.version import Version
from hvlib_openstack.wire.client import Client
from hvlib_openstack.wire.rows import Row, native_of, row_of, row_type
from hvlib_openstack.wire.service import Parameters

__all__ = ["Column", "Joined", "Many", "One", "Records", "Table"]

R = TypeVar("R", bound=Resource)

NATIVE = "native"

Reader = Callable[[Row], Any]
"""Makes a field's value of an object's row."""


class Column:
    """A field that is made of the object's own: ``convert`` takes a value for each of them.

    | since: the microversion that tells it; a server that knows no such one does not have the field
    | private: told to administrators only
    """

    join: Join | None = None

    def __init__(
        self,
        *fields: str,
        convert: Callable[..., Any] | None = None,
        since: Version | None = None,
        private: bool = False,
    ) -> None:
        self.fields = fields
        self.since = since
        self.private = private
        self._convert = convert

    def reader(self, client: Client, joins: Joins) -> Reader:  # noqa: ARG002 -- for what is joined
        """The function that makes this field's value of a row."""
        told, convert = attrgetter(*self.fields), self._convert
        if convert is None:
            return told
        if len(self.fields) == 1:
            return lambda row: convert(told(row))
        return lambda row: convert(*told(row))


class Joined(Column):
    """A field that is made of what is joined to an object by a field of its own: ``convert`` takes those two."""

    def __init__(
        self, join: Join, by: str, convert: Callable[[Mapping[str, Any], Any], Any], *, private: bool = False
    ) -> None:
        super().__init__(by, private=private)
        self.join = join
        self._by = by
        self._make = convert

    def reader(self, client: Client, joins: Joins) -> Reader:  # noqa: ARG002
        """`Column.reader`."""
        assert self.join is not None
        found, by, make = joins.get(self.join.name, {}), attrgetter(self._by), self._make
        return lambda row: make(found, by(row))


class One(Column):
    """A field that refers to one object: the column gives its identifier, or None."""

    def __init__(self, column: Column, kind: type[Resource]) -> None:
        super().__init__(*column.fields, since=column.since, private=column.private)
        self.join = column.join
        self._column = column
        self._kind = kind

    def reader(self, client: Client, joins: Joins) -> Reader:
        """`Column.reader`."""
        read, ref = self._column.reader(client, joins), Refs(client, self._kind)
        return lambda row: None if (id := read(row)) is None else ref[id]


class Many(One):
    """A field that refers to several objects: the column gives their identifiers."""

    def reader(self, client: Client, joins: Joins) -> Reader:
        """`Column.reader`."""
        read, ref = self._column.reader(client, joins), Refs(client, self._kind)
        return lambda row: tuple([ref[id] for id in read(row)])


class Refs(dict[str, Ref]):
    """Refs by identifier, each made once: thousands of servers have the same few networks."""

    def __init__(self, client: Client, kind: type[Resource]) -> None:
        super().__init__()
        self._make = partial(client.context.ref, kind)

    def __missing__(self, id: str) -> Ref:
        return self.setdefault(id, self._make(id))


class Table(msgspec.Struct, Generic[R], frozen=True):
    """The place of one kind's fields in a collection of one service.

    | service, path, key: the collection, and what its replies call it
    | whole: all fields of its objects that hvlib reads
    | id: the field that refs name an object by
    | item: where one object is, below its identifier, and what the reply calls it; "": the reply is the object
    | parameters: what the collection is asked with, always
    | filters: the parameters that the service compares a field with, exactly
    | where: whether an object is of this kind, by its row, and the fields that this takes
    | version: the microversion that is asked for, or of nova an older one that it knows; None: the newest
    """

    kind: type[R]
    service: str
    path: str
    key: str
    whole: type[msgspec.Struct]
    fields: Mapping[str, Column]
    id: str = "id"
    item: tuple[str, str] | None = None
    parameters: Parameters = ()
    filters: Mapping[str, str] = {}
    where: tuple[Callable[[Row], bool], tuple[str, ...]] | None = None
    version: Version | None = None

    def declared(self, newest: Version, administrator: bool) -> frozenset[str]:
        """The fields that a server of this microversion tells this user."""
        return frozenset(
            name
            for name, column in self.fields.items()
            if (column.since is None or column.since <= newest) and (administrator or not column.private)
        )

    def joins(self, needed: Iterable[str]) -> list[Join]:
        """The joins that these fields need, each once."""
        return list(dict.fromkeys(join for name in needed if (join := self.fields[name].join) is not None))

    def row_type(self, needed: Iterable[str]) -> type[msgspec.Struct]:
        """The structure that an object is read into, for these fields."""
        fields = {field for name in needed for field in self.fields[name].fields}
        return row_type(self.whole, frozenset({*fields, self.id, *(self.where[1] if self.where else ())}))


class Records(Generic[R]):
    """Makes the records of one query. ``besides``: fields that the rows are to hold too."""

    def __init__(self, table: Table[R], query: Query[R], client: Client, joins: Joins, *besides: str) -> None:
        self.table = table
        self._native = query.native
        self._row_type = table.row_type([*query.fields, *besides])
        self._make_ref = partial(client.context.ref, table.kind)
        self._type: Any = query.record_type
        self._fits = table.where[0] if table.where else None
        loaded = query.record_type.loaded
        self._readers = [
            table.fields[name].reader(client, joins) if name in loaded and name != NATIVE else _nothing
            for name in query.record_type.__struct_fields__[1:]
        ]

    @property
    def item_type(self) -> Any:
        """The type that an item of a reply is to be read into."""
        return dict[str, Any] if self._native else self._row_type

    def row(self, item: Any) -> Row:
        """The row of an item."""
        return row_of(self._row_type, item) if self._native else item

    def fitting(self, items: Sequence[Any]) -> bool:
        """Whether some of them are of this kind."""
        return self._fits is None or any(self._fits(self.row(item)) for item in items)

    def all(self, items: Sequence[Any]) -> list[R]:
        """The records of those that are of this kind."""
        if self._native:
            rows = [(self.row(item), item) for item in items]
            return [self._with_native(row, item) for row, item in rows if self._fits is None or self._fits(row)]
        make, type, readers, fits = self._make_ref, self._type, self._readers, self._fits
        id = attrgetter(self.table.id)
        return [
            type(make(str(id(row))), *[read(row) for read in readers]) for row in items if fits is None or fits(row)
        ]

    def _with_native(self, row: Row, item: Mapping[str, Any]) -> R:
        values = [read(row) for read in self._readers]
        values[self._type.__struct_fields__.index(NATIVE) - 1] = native_of(self._native, item)
        record: R = self._type(self._make_ref(str(getattr(row, self.table.id))), *values)
        return record


def _nothing(row: Row) -> None:  # noqa: ARG001 -- a reader
    return None
