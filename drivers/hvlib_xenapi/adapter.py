"""Adapters: a kind's listing, lookups and reads, all of them by its table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar

from hvlib.driver import Adapter, Done, Listing, PageToken, Started, action
from hvlib.model import actions
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource
from hvlib_xenapi.listing import RowListing, Rows
from hvlib_xenapi.operations.steps import Steps
from hvlib_xenapi.table import Records, Table, any_of, equals
from hvlib_xenapi.values import is_null
from hvlib_xenapi.wire.client import Client
from hvlib_xenapi.wire.events import BEGINNING, joined_rows, reply_type
from hvlib_xenapi.wire.rows import NATIVE, Inventory, Row, native_row, row_type, rows_of

__all__ = ["LabelledAdapter", "TableAdapter"]

R = TypeVar("R", bound=Resource)

PAGE_SIZE = 1000
"""Objects a page, if nobody says how many."""

ONE_BY_ONE = 40
"""Objects that are asked for one by one; of more, the whole class is read, and those wanted are picked."""


class TableAdapter(Adapter[R]):
    """A kind that a table describes. A read takes a round trip, and another one if there is anything to be joined."""

    table: ClassVar[Table[Any]]

    def __init__(self, client: Client) -> None:
        self.client = client
        self.fields = frozenset(self.table.fields)

    def open(self, query: Query[R], after: PageToken | None) -> Listing[R]:
        """get_all_records_where of the class, event.from of what is joined. Raises `CursorLost` for any token."""
        if after is not None:
            raise CursorLost("a XenAPI listing ends with the provider's own iteration of it")
        return RowListing(partial(self._all_rows, query), query.page_size or PAGE_SIZE)

    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """get_all_records_where; event.from of what is joined to the objects found."""
        condition = equals(self.table.fields[field].stored, value)
        own, conditions = self.table.cls, self.table.conditions(query)
        if condition is not None:
            conditions.append(condition)
        rows = self.rows(own, conditions, self._own_fields(query), query.native)
        wanted = self.table.fields[field].fields[0]
        return self._records(query, {ref: row for ref, row in rows.items() if getattr(row, wanted) == value})

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """get_all_records_where of the class; event.from of what is joined to the objects found."""
        own = self.table.cls
        ids = [ref.id for ref in refs if '"' not in ref.id]
        conditions = self.table.conditions(query)
        if len(ids) <= ONE_BY_ONE:
            conditions.append(any_of("_ref", ids))
        rows = self.rows(own, conditions, self._own_fields(query), query.native)
        return self._records(query, {id: rows[id] for id in ids if id in rows})

    def rows(
        self, cls: str, conditions: Sequence[str], fields: frozenset[str], native: bool | tuple[str, ...] = ()
    ) -> dict[str, Row]:
        """The rows of a class that fit all conditions: one round trip."""
        where = " and ".join(f"({condition})" for condition in conditions) or "true"
        if native:
            records = self.client.call(f"{cls}.get_all_records_where", where)
            return {ref: native_row(cls, fields | {NATIVE}, native, record) for ref, record in records.items()}
        if not fields:
            return dict.fromkeys(self.client.call(f"{cls}.get_all_where", where), row_type(cls, fields)())
        records = self.client.call(
            f"{cls}.get_all_records_where",
            where,
            result=dict[str, row_type(cls, fields)],  # type: ignore[misc]
        )
        return rows_of(cls, fields, records)

    def record(self, cls: str, ref: str, *fields: str) -> Any:
        """Read a row of one object. `NotFound` if it is gone."""
        return Steps(self.client).record(cls, ref, *fields)

    def steps(self) -> Steps:
        """Begin an action. Tasks begun here that were seen to be over are removed first."""
        self.client.remove_ended_tasks()
        return Steps(self.client)

    def start_task(self, name: str, *parameters: Any) -> Started:
        """Carry out an action of one call: a message's asynchronous form."""
        return self.steps().start(name, *parameters)

    def _all_rows(self, query: Query[R]) -> Rows[R]:
        own, needs = self.table.cls, self.table.needs(query.fields)
        conditions = self.table.conditions(query)
        rows = {own: self.rows(own, conditions, needs[own], query.native)}
        rows |= self._joined(query, [join.cls for join in self.table.joins(query.fields)])
        records = self._table_of(query, rows)
        refs = list(rows[own])
        if self.table.among is not None:
            refs = [ref for ref in refs if records.fits(ref, rows[own][ref])]
        total = None if query.filters else len(refs)
        return Rows(records, rows[own], refs, total)

    def _records(self, query: Query[R], own: dict[str, Row]) -> Sequence[R]:
        """The records of some objects."""
        if not own:
            return []
        subscriptions = self._subscriptions(query, own.values())
        rows = {self.table.cls: own, **self._joined(query, subscriptions)}
        return self._table_of(query, rows).all(own.items())

    def _subscriptions(self, query: Query[R], own: Collection[Row]) -> Iterator[str]:
        """Yield the subscriptions to all that is joined: each object by itself if they are few, else its class."""
        for join in self.table.joins(query.fields):
            link = join.link()
            if link is None or len(own) > ONE_BY_ONE:
                yield join.cls
                continue
            for row in own:
                value = getattr(row, link)
                refs = [value] if isinstance(value, str) else value
                yield from (f"{join.cls}/{ref}" for ref in refs if not is_null(ref))

    def _joined(self, query: Query[R], subscriptions: Iterable[str]) -> dict[str, dict[str, Row]]:
        """Rows of all joined classes. No round trip if there is nothing to ask for, one if there is."""
        needs = {cls: fields for cls, fields in self.table.needs(query.fields).items() if cls != self.table.cls}
        wanted = sorted(set(subscriptions))
        if not wanted:
            return {cls: {} for cls in needs}
        return joined_rows(self.client.call("event.from", wanted, BEGINNING, 0.0, result=reply_type(needs)), needs)

    def _own_fields(self, query: Query[R]) -> frozenset[str]:
        return self.table.needs(query.fields)[self.table.cls] | self.table.links(query.fields)

    def _table_of(self, query: Query[R], rows: Mapping[str, dict[str, Row]]) -> Records[R]:
        inventory = Inventory(rows, self._backward(query))
        for cls, found in rows.items():
            inventory.load(cls, found)
        return Records(self.table, query, self.client, inventory)

    def _backward(self, query: Query[R]) -> set[tuple[str, str]]:
        return {index for index in self.table.indexes(query.fields) if index[0] != self.table.cls}


class LabelledAdapter(TableAdapter[R]):
    """A kind whose objects can be given names and tags."""

    @action(actions.Rename)
    def rename(self, ref: Ref, rename: actions.Rename) -> Done:
        """set_name_label."""
        self.client.call(f"{self.table.cls}.set_name_label", ref.id, rename.name_label)
        return Done(ref)

    @action(actions.SetTags)
    def set_tags(self, ref: Ref, given: actions.SetTags) -> Done:
        """set_tags."""
        self.client.call(f"{self.table.cls}.set_tags", ref.id, list(given.tags))
        return Done(ref)
