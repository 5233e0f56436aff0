"""Table: a kind's fields, and the server's properties that they are made of. All drivers share the code.

A kind's file is mostly a table: hvlib's field, the native property, a converter. It yields the native properties to ask
for, the function that makes a record of a native row, the filters that the server can check, and the mapping in the
driver's documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from hvlib.driver.context import Context
from hvlib.driver.table.code import Code
from hvlib.driver.table.columns import NOT_STORED, Column
from hvlib.driver.table.native import NATIVE, NativeOf
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["Records", "StoredFilter", "Table"]

R = TypeVar("R", bound=Resource)


class StoredFilter(NamedTuple):
    """A filter in the server's terms: its name for the field, and the values, one of which the field must have.

    A value may be None (the field has no value) or a `hvlib.glob`: a server that can't compare with these can't check
    the filter.
    """

    stored: str
    values: tuple[Any, ...]


class Records(msgspec.Struct, Generic[R], frozen=True):
    """Makes the records of one query. A driver may keep it for the whole listing: it holds no refs.

    | maker: returns `make`
    | tester: returns `fits`
    | ref: returns the ref of an identifier of the kind
    """

    maker: Callable[[], Callable[..., R | None]]
    tester: Callable[[], Callable[[str, Any], bool]]
    ref: Callable[[str], Ref]

    @property
    def fits(self) -> Callable[[str, Any], bool]:
        """`Table.fits`, generated on access."""
        return self.tester()

    @property
    def make(self) -> Callable[..., R | None]:
        """A new function: the record of an object's identifier and native row; None if it is not of the kind.

        The function caches the refs that it makes. Refs keep their provider alive: so use it for one page only.
        """
        return self.maker()

    def all(self, rows: Iterable[tuple[str, Any]]) -> list[R]:
        """The records of the objects that are of the kind. ``rows`` has each object's identifier and native row."""
        make = self.maker()
        return [record for id, row in rows if (record := make(id, row)) is not None]


class Table(msgspec.Struct, Generic[R], frozen=True, eq=False):
    """The fields of one kind, and the properties of one of the server's types that they are made of.

    | native_type: the server's name for the type, or the collection
    | where: conditions for the type's objects that are of the kind: a property's value, or several in a tuple. A value
      of None always fits
    | accept: a column that is true for the objects of the kind, where ``where`` is not enough
    """

    kind: type[R]
    native_type: str
    fields: Mapping[str, Column]
    where: Mapping[str, object] = {}
    accept: Column | None = None

    def declared(self, version: Any = None, *, administrator: bool = True) -> frozenset[str]:
        """The fields that a server of this version shows to the user, who may be an administrator."""
        return frozenset(
            name
            for name, column in self.fields.items()
            if (column.since is None or column.since <= version) and (administrator or not column.private)
        )

    def natives(self, fields: Iterable[str]) -> frozenset[str]:
        """The native properties of an object that these fields and the kind's own conditions need."""
        return frozenset([*self.where, *(name for column in self._columns(fields) for name in column.natives())])

    def joins(self, fields: Iterable[str]) -> tuple[Any, ...]:
        """The joins that these fields need, each once."""
        return tuple(dict.fromkeys(join for column in self._columns(fields) for join in column.joins()))

    def filters(self, query: Query[R]) -> Iterator[StoredFilter]:
        """The query's filters that the server can check: it can compare every alternative."""
        for filter in query.filters:
            column = self.fields[filter.field]
            values = tuple(map(column.encode, filter.alternatives))
            if column.stored is not None and NOT_STORED not in values:
                yield StoredFilter(column.stored, values)

    def conditions(self) -> Iterator[StoredFilter]:
        """The kind's own conditions (``where``), as filters."""
        for name, value in self.where.items():
            yield StoredFilter(name, value if isinstance(value, tuple) else (value,))

    def records(
        self,
        query: Query[R],
        read: Callable[[str], str],
        context: Context,
        client: Any = None,
        joined: Any = None,
        native: NativeOf | None = None,
    ) -> Records[R]:
        """The functions that make the query's records. Their code is generated, and passes all fields by position.

        | read: returns the expression of a property's value in a row: `attribute`, `item` or `item_or_none`
        | client: the driver's client, from which `Constant` columns take their values
        | joined: the objects that the driver read for the joins
        | native: returns an object's native properties, given its row; None: the row is a dictionary of them

        Making a record raises `InvalidQuery` for a native property that the query names and the object lacks.
        """
        code = Code(read, context, client, joined)
        ref = partial(context.ref, self.kind)
        accepted = self._accepted(code)
        values = [self._source(name, query, code, native) for name in query.record_type.__struct_fields__[1:]]
        record = f"{code.bind(query.record_type)}({code.bind(ref)}(id), {', '.join(values)})"
        made = f"{record} if {accepted} else None" if accepted else record
        tester = partial(self.fits, read, context, client, joined)
        return Records(code.function("id, row", made), tester, ref)

    def fits(
        self, read: Callable[[str], str], context: Context, client: Any = None, joined: Any = None
    ) -> Callable[[str, Any], bool]:
        """A function of an object's identifier and native row: whether the object is of the kind. See `records`."""
        code = Code(read, context, client, joined)
        return code.function("id, row", f"bool({self._accepted(code) or True})")()

    def reader(
        self, field: str, read: Callable[[str], str], context: Context, client: Any = None
    ) -> Callable[[str, Any], Any]:
        """A function of an object's identifier and native row: the value of one field, whatever the object's kind."""
        code = Code(read, context, client, None)
        return code.function("id, row", self.fields[field].source(code))()

    def _source(self, name: str, query: Query[R], code: Code, native: NativeOf | None) -> str:
        if name not in query.record_type.loaded:
            return "None"
        if name != NATIVE:
            return self.fields[name].source(code)
        properties = "row" if native is None else f"{code.bind(native)}(row)"
        return f"{code.bind(query.pick_native)}({properties})"

    def _accepted(self, code: Code) -> str:
        """The expression that is true for objects of the kind; "" where all objects are."""
        tests = []
        for condition in self.conditions():
            name = code.name()
            value = code.value(condition.stored)
            tests.append(f"(({name} := {value}) is None or {name} in {code.bind(condition.values)})")
        if self.accept is not None:
            tests.append(self.accept.source(code))
        return " and ".join(tests)

    def _columns(self, fields: Iterable[str]) -> Iterator[Column]:
        yield from (self.fields[name] for name in fields)
        if self.accept is not None:
            yield self.accept
