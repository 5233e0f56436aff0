"""Adapters: a kind's listing, lookups and reads, all of them by its table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar

from hvlib.driver import Adapter, Done, Listing, PageToken, Started, action
from hvlib.driver.table import Column, Field, Records, Table
from hvlib.model import actions
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource
from hvlib_xenapi.joins import indexes, links, needs, records
from hvlib_xenapi.listing import RowListing, Rows
from hvlib_xenapi.operations.steps import Steps
from hvlib_xenapi.values import is_null, text
from hvlib_xenapi.wire.client import Client
from hvlib_xenapi.wire.conditions import any_of, condition, conditions
from hvlib_xenapi.wire.events import BEGINNING, joined_rows, reply_type
from hvlib_xenapi.wire.rows import Inventory, Row, native_row, row_type, rows_type

__all__ = ["LABELS", "TAGS", "LabelledAdapter", "TableAdapter"]

R = TypeVar("R", bound=Resource)

PAGE_SIZE = 1000
"""Objects a page, if nobody says how many."""

ONE_BY_ONE = 40
"""Objects that are asked for one by one; of more, the whole class is read, and those wanted are picked."""

LABELS: Mapping[str, Column] = {
    "uuid": Field("uuid", stored="uuid"),
    "name_label": Field("name_label", stored="name__label"),
    "description": Field("name_description", convert=text),
}
"""The columns that every class has. The native fields that objects are looked up by have hvlib's names."""

TAGS: Mapping[str, Column] = {"tags": Field("tags", convert=lambda tags: tuple(sorted(tags)))}


class TableAdapter(Adapter[R]):
    """A kind that a table describes. A read takes a round trip, and another one if there is anything to be joined."""

    table: ClassVar[Table[Any]]

    def __init__(self, client: Client) -> None:
        self.client = client
        self.fields = self.table.declared()

    def open(self, query: Query[R], after: PageToken | None) -> Listing[R]:
        """get_all_records_where of the class, event.from of what is joined. Raises `CursorLost` for any token."""
        if after is not None:
            raise CursorLost("a XenAPI listing ends with the provider's own iteration of it")
        return RowListing(partial(self._all_rows, query), query.page_size or PAGE_SIZE)

    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """get_all_records_where; event.from of what is joined to the objects found."""
        rows = self._own_rows(query, condition(self.table.fields[field].stored or field, [value]))
        return self._records(query, {ref: row for ref, row in rows.items() if getattr(row, field) == value})

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """get_all_records_where of the class; event.from of what is joined to the objects found."""
        ids = [ref.id for ref in refs if '"' not in ref.id]
        rows = self._own_rows(query, any_of("_ref", ids) if len(ids) <= ONE_BY_ONE else None)
        return self._records(query, {id: rows[id] for id in ids if id in rows})

    def rows(
        self, cls: str, conditions: Sequence[str], fields: frozenset[str], native: bool | tuple[str, ...] = ()
    ) -> dict[str, Row]:
        """The rows of a class that fit all conditions: one round trip."""
        where = " and ".join(f"({condition})" for condition in conditions) or "true"
        if native:
            found = self.client.call(f"{cls}.get_all_records_where", where)
            return {ref: native_row(cls, fields, native, record) for ref, record in found.items()}
        if not fields:
            return dict.fromkeys(self.client.call(f"{cls}.get_all_where", where), row_type(cls, fields)())
        rows: dict[str, Row] = self.client.call(f"{cls}.get_all_records_where", where, result=rows_type(cls, fields))
        return rows

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
        own = self.table.native_type
        rows = self.rows(own, conditions(self.table, query), needs(self.table, query.fields)[own], query.native)
        made = self._made(query, [join.name for join in self.table.joins(query.fields)])
        refs = list(rows)
        if self.table.accept is not None:
            fits = made.fits
            refs = [ref for ref, row in rows.items() if fits(ref, row)]
        return Rows(made, rows, refs, None if query.filters else len(refs))

    def _own_rows(self, query: Query[R], wanted: str | None) -> dict[str, Row]:
        """The rows of objects that fit a condition, if there is one, with the fields that name what is joined."""
        own, all_of = self.table.native_type, conditions(self.table, query)
        fields = needs(self.table, query.fields)[own] | links(self.table, query.fields)
        return self.rows(own, all_of if wanted is None else [*all_of, wanted], fields, query.native)

    def _records(self, query: Query[R], own: dict[str, Row]) -> Sequence[R]:
        """The records of some objects."""
        if not own:
            return []
        return self._made(query, self._subscriptions(query, own.values())).all(own.items())

    def _subscriptions(self, query: Query[R], own: Collection[Row]) -> Iterator[str]:
        """Yield the subscriptions to all that is joined: each object by itself if they are few, else its class."""
        for join in self.table.joins(query.fields):
            link = join.link()
            if link is None or len(own) > ONE_BY_ONE:
                yield join.name
                continue
            for row in own:
                value = getattr(row, link)
                refs = [value] if isinstance(value, str) else value
                yield from (f"{join.name}/{ref}" for ref in refs if not is_null(ref))

    def _made(self, query: Query[R], subscriptions: Iterable[str]) -> Records[R]:
        """Read what is joined, in one round trip if anything is: the functions that make records of it and of rows."""
        cls = self.table.native_type
        needed = {name: fields for name, fields in needs(self.table, query.fields).items() if name != cls}
        wanted = sorted(set(subscriptions))
        rows: dict[str, dict[str, Row]] = {name: {} for name in needed}
        if wanted:
            reply = self.client.call("event.from", wanted, BEGINNING, 0.0, result=reply_type(needed))
            rows = joined_rows(reply, needed)
        inventory = Inventory(rows, {index for index in indexes(self.table, query.fields) if index[0] != cls})
        for name, found in rows.items():
            inventory.load(name, found)
        return records(self.table, query, self.client, inventory)


class LabelledAdapter(TableAdapter[R]):
    """A kind whose objects can be given names and tags."""

    @action(actions.Rename)
    def rename(self, ref: Ref, rename: actions.Rename) -> Done:
        """set_name_label."""
        self.client.call(f"{self.table.native_type}.set_name_label", ref.id, rename.name_label)
        return Done(ref)

    @action(actions.SetTags)
    def set_tags(self, ref: Ref, given: actions.SetTags) -> Done:
        """set_tags."""
        self.client.call(f"{self.table.native_type}.set_tags", ref.id, list(given.tags))
        return Done(ref)
