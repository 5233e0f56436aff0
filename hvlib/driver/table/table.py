"""Table: a kind's fields and where they come from. One engine for all drivers.

A kind's file is mostly a table: hvlib's field, the native property, a converter. From it come the native properties to
ask for, the function that makes a record of a native row, the filters that the server can check, and the mapping in the
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
    """A filter as the server's data: what it calls the field, and the values of which the field has one.

    A value may be None, where the field has no value, or a `hvlib.glob`: a server that can't compare with these can't
    check that filter.
    """

    stored: str
    values: tuple[Any, ...]


class Records(msgspec.Struct, Generic[R], frozen=True):
    """Makes the records of one query. It may be kept: it holds no refs.

    | maker: gives `make`; tester: gives `fits`
    | ref: the ref of an object of the kind
    """

    maker: Callable[[], Callable[..., R | None]]
    tester: Callable[[], Callable[[str, Any], bool]]
    ref: Callable[[str], Ref]

    @property
    def fits(self) -> Callable[[str, Any], bool]:
        """`Table.fits`, generated when it is asked for."""
        return self.tester()

    @property
    def make(self) -> Callable[..., R | None]:
        """The function that makes a record of an object's identifier and its native row; None if it is not of the kind.

        It makes each ref once, and keeps them: take it for a page, and hold it no longer. Refs keep their provider.
        """
        return self.maker()

    def all(self, rows: Iterable[tuple[str, Any]]) -> list[R]:
        """The records of the objects that are of the kind, out of what `make` takes for each."""
        make = self.maker()
        return [record for id, row in rows if (record := make(id, row)) is not None]


class Table(msgspec.Struct, Generic[R], frozen=True, eq=False):
    """Where the fields of one kind come from in the server's objects of one type.

    | native_type: what the server calls the type, or the collection
    | where: the values of the type's own properties that an object of the kind has: one, or several in a tuple. An
      object whose value is None is of the kind
    | accept: a column that is true for the objects of the kind, where values do not tell
    """

    kind: type[R]
    native_type: str
    fields: Mapping[str, Column]
    where: Mapping[str, object] = {}
    accept: Column | None = None

    def declared(self, version: Any = None, *, administrator: bool = True) -> frozenset[str]:
        """The fields that a server of this version shows to this user."""
        return frozenset(
            name
            for name, column in self.fields.items()
            if (column.since is None or column.since <= version) and (administrator or not column.private)
        )

    def natives(self, fields: Iterable[str]) -> frozenset[str]:
        """The native properties of an object that these fields need, and the kind's own conditions."""
        return frozenset([*self.where, *(name for column in self._columns(fields) for name in column.natives())])

    def joins(self, fields: Iterable[str]) -> tuple[Any, ...]:
        """The joins that these fields need, each once."""
        return tuple(dict.fromkeys(join for column in self._columns(fields) for join in column.joins()))

    def filters(self, query: Query[R]) -> Iterator[StoredFilter]:
        """The filters that the server may check: those of which it stores every alternative."""
        for each in query.filters:
            column = self.fields[each.field]
            values = tuple(map(column.encode, each.alternatives))
            if column.stored is not None and NOT_STORED not in values:
                yield StoredFilter(column.stored, values)

    def conditions(self) -> Iterator[StoredFilter]:
        """The kind's own conditions, in the same form."""
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
        """The functions that make the query's records: generated, and built by position.

        | read: the expression of a property's value in the driver's rows: `attribute`, `item` or `item_or_none`
        | client: what `Constant` columns are taken from
        | joined: what the driver read for the joins
        | native: gives an object's native properties out of its row; None: the row is a dictionary of them

        Making a record raises `InvalidQuery` for a native property that is asked for and not among those.
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
        """The function that says of an object's identifier and native row whether it is of the kind. See `records`."""
        code = Code(read, context, client, joined)
        return code.function("id, row", f"bool({self._accepted(code) or True})")()

    def reader(
        self, field: str, read: Callable[[str], str], context: Context, client: Any = None
    ) -> Callable[[str, Any], Any]:
        """The function that makes one field's value of an object's identifier and native row, whatever its kind."""
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
        """The expression that is true for objects of the kind; "" where all are."""
        tests = []
        for condition in self.conditions():
            found = code.name()
            value = code.value(condition.stored)
            tests.append(f"(({found} := {value}) is None or {found} in {code.bind(condition.values)})")
        if self.accept is not None:
            tests.append(self.accept.source(code))
        return " and ".join(tests)

    def _columns(self, fields: Iterable[str]) -> Iterator[Column]:
        yield from (self.fields[name] for name in fields)
        if self.accept is not None:
            yield self.accept
