"""Reading: the rows of objects and the rows joined to them, in two round trips, and no more rows than needed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, Generic, TypeVar

import msgspec

from hvlib.driver.table import Records, Table
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib_xenapi.joins import Beyond, Join, indexes, links, needs, records
from hvlib_xenapi.values import is_null
from hvlib_xenapi.wire.client import Client
from hvlib_xenapi.wire.conditions import any_of, conditions
from hvlib_xenapi.wire.events import BEGINNING, all_rows, reply_type
from hvlib_xenapi.wire.rows import Inventory, Row, Rows, native_row, row_type, rows_type

__all__ = ["Reading", "find_rows"]

R = TypeVar("R", bound=Resource)

MAX_REFS_PER_READ = 40
"""The most objects of a class that are read by their references. For more objects, the whole class is read."""


class Wanted(msgspec.Struct):
    """The objects of one class that are to be read.

    | refs: the references of single objects
    | where: conditions for the objects that are too many, or whose references are not known yet
    """

    refs: set[str] = msgspec.field(default_factory=set)
    where: set[str] = msgspec.field(default_factory=set)


class Reading(Generic[R]):
    """Reads the rows of one query: the rows of the objects themselves, and the rows joined to them."""

    def __init__(self, client: Client, table: Table[R], query: Query[R]) -> None:
        self._client = client
        self._table = table
        self._query = query
        self._own = table.native_type
        self._joins: Sequence[Join] = table.joins(query.fields)
        self._needs = needs(table, query.fields)
        self._linked = self._needs[self._own] | links(table, query.fields)
        looked_up = {index for index in indexes(table, query.fields) if index[0] != self._own}
        self._inventory = Inventory(self._needs, looked_up)
        self._read_first: set[str] = set()
        """The classes whose rows were read before the objects."""

    def list_all(self) -> tuple[dict[str, Row], Records[R]]:
        """The rows of all objects that fit the query, and the functions that make records of them."""
        loaded = self._needs[self._own]
        where = conditions(self._table, self._query)
        rows = find_rows(self._client, self._own, where, loaded, native=bool(self._query.native))
        return rows, self._join(rows, loaded)

    def find(self, condition: str) -> dict[str, Row]:
        """The rows of the objects that fit the query and a condition, with the fields that refer to joined objects."""
        where = [*conditions(self._table, self._query), condition]
        return find_rows(self._client, self._own, where, self._linked, native=bool(self._query.native))

    def records(self, rows: dict[str, Row]) -> Sequence[R]:
        """The records of rows that `find` returned."""
        return self._join(rows, self._linked).all(rows.items()) if rows else []

    def get(self, refs: Sequence[str]) -> Sequence[R]:
        """The records of the objects that have these references."""
        if len(refs) > MAX_REFS_PER_READ:
            rows = self.find("true")
        elif any(isinstance(join, Beyond) for join in self._joins):
            rows = self._find_with_beyond(refs)
        else:
            rows = self.find(any_of("_ref", refs))
        return self.records({ref: rows[ref] for ref in refs if ref in rows})

    def _find_with_beyond(self, refs: Sequence[str]) -> dict[str, Row]:
        """The rows of objects with a `Beyond` join. The rows between are read first and name the rest."""
        beyond = [join for join in self._joins if isinstance(join, Beyond)]
        between = {join.through.name: any_of(join.through.by, refs) for join in beyond}
        for cls, condition in between.items():
            self._inventory.load(cls, find_rows(self._client, cls, [condition], self._needs[cls]))
        wanted = {join.name: Wanted(where={join.where}) for join in self._joins if join.name not in between}
        for join in beyond:
            wanted[join.name] = Wanted({each for ref in refs for each in join.named(self._inventory, ref, None)})
        for cls, rows in self._read({**wanted, self._own: Wanted(set(refs))}).items():
            self._inventory.load(cls, rows)
        self._read_first = {join.name for join in self._joins}
        return self._inventory.rows[self._own]

    def _join(self, own: dict[str, Row], loaded: frozenset[str]) -> Records[R]:
        """Read the rows joined to objects: one round trip at most. Returns the functions that make their records.

        | own: the objects' rows, by reference
        | loaded: the fields that these rows have
        """
        self._inventory.load(self._own, own)
        wanted: dict[str, Wanted] = defaultdict(Wanted)
        for join in self._joins:
            if join.name not in self._read_first:
                refs = self._missing(join, own, loaded)
                wanted[join.name].refs.update(refs or ())
                wanted[join.name].where.update([join.where] if refs is None else [])
        for cls, rows in self._read(wanted).items():
            self._inventory.load(cls, {**own, **rows} if cls == self._own else rows)
        return records(self._table, self._query, self._client, self._inventory)

    def _missing(self, join: Join, own: Mapping[str, Row], loaded: frozenset[str]) -> set[str] | None:
        """The joined objects whose rows must be read; None: read the whole class, as they are unknown or too many."""
        if join.link() not in loaded:
            return None
        known = self._inventory.rows[join.name]
        limit = inf if join.few or len(own) <= MAX_REFS_PER_READ else MAX_REFS_PER_READ
        missing: set[str] = set()
        for ref, row in own.items():
            named = join.named(self._inventory, ref, row)
            missing.update(each for each in named if not is_null(each) and each not in known)
            if len(missing) > limit:
                return None
        return missing

    def _read(self, wanted: Mapping[str, Wanted]) -> Rows:
        """The rows of some classes. One class is read without event.from, which waits a while to collect events."""
        classes = {cls: each for cls, each in wanted.items() if each.refs or each.where}
        if len(classes) > 1:
            return self._read_events(classes)
        return {cls: self._read_class(cls, each) for cls, each in classes.items()}

    def _read_class(self, cls: str, wanted: Wanted) -> dict[str, Row]:
        """get_all_records_where."""
        named = [any_of("_ref", sorted(wanted.refs))] if wanted.refs else []
        condition = " or ".join(f"({each})" for each in (*sorted(wanted.where), *named))
        return find_rows(self._client, cls, [condition], self._needs[cls], native=self._with_native(cls))

    def _read_events(self, wanted: Mapping[str, Wanted]) -> Rows:
        """event.from."""
        texts: list[str] = []
        for cls, each in sorted(wanted.items()):
            texts += [cls] if each.where else [f"{cls}/{ref}" for ref in sorted(each.refs)]
        types = {cls: Any if self._with_native(cls) else self._needs[cls] for cls in wanted}
        reply = self._client.call("event.from", texts, BEGINNING, 0.0, result=reply_type(types))
        rows = all_rows(reply, types)
        if self._with_native(self._own):
            fields = self._needs[self._own]
            found = rows.get(self._own, {})
            rows[self._own] = {ref: native_row(self._own, fields, each) for ref, each in found.items()}
        return rows

    def _with_native(self, cls: str) -> bool:
        """Whether the server's own records of a class are wanted. Only those of the objects themselves may be."""
        return cls == self._own and bool(self._query.native)


def find_rows(
    client: Client, cls: str, where: Sequence[str], fields: frozenset[str], *, native: bool = False
) -> dict[str, Row]:
    """The rows of a class that fit all conditions: one round trip."""
    condition = " and ".join(f"({each})" for each in where) or "true"
    if native:
        found = client.call(f"{cls}.get_all_records_where", condition)
        return {ref: native_row(cls, fields, record) for ref, record in found.items()}
    if not fields:
        return dict.fromkeys(client.call(f"{cls}.get_all_where", condition), row_type(cls, fields)())
    rows: dict[str, Row] = client.call(f"{cls}.get_all_records_where", condition, result=rows_type(cls, fields))
    return rows
