"""Adapters: the listing, the lookups and the reads of a kind, as its table describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar

from hvlib.driver import Adapter, Done, Listing, PageToken, Started, action
from hvlib.driver.table import Column, Field, Table
from hvlib.model import actions
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource
from hvlib_xenapi.listing import RowListing, Rows
from hvlib_xenapi.operations.calls import begin_task
from hvlib_xenapi.reading import Reading
from hvlib_xenapi.values import text
from hvlib_xenapi.wire.client import Client
from hvlib_xenapi.wire.conditions import condition
from hvlib_xenapi.wire.rows import row_type

__all__ = ["LABELS", "TAGS", "LabelledAdapter", "TableAdapter"]

R = TypeVar("R", bound=Resource)

PAGE_SIZE = 1000
"""Objects per page, if the query has no page size."""

LABELS: Mapping[str, Column] = {
    "uuid": Field("uuid", stored="uuid"),
    "name_label": Field("name_label", stored="name__label"),
    "description": Field("name_description", convert=text),
}
"""The columns that every class has. The fields of lookups, uuid and name_label, have the same name in XenAPI."""

TAGS: Mapping[str, Column] = {"tags": Field("tags", convert=lambda tags: tuple(sorted(tags)))}


class TableAdapter(Adapter[R]):
    """The adapter of a kind that a table describes. A read takes one round trip, and a second one if rows are joined.

    | table: the table of the objects that listings and lookups by name find
    | table_of_known: the table of the objects that a ref or a uuid finds; None: it is ``table``
    """

    table: ClassVar[Table[Any]]
    table_of_known: ClassVar[Table[Any] | None] = None

    def __init__(self, client: Client) -> None:
        self.client = client
        self.fields = self.table.declared()

    def open(self, query: Query[R], after: PageToken | None) -> Listing[R]:
        """get_all_records_where of the class, then the joined rows. Raises `CursorLost` for any token."""
        if after is not None:
            raise CursorLost("a XenAPI listing can't be resumed from a page token: list again")
        return RowListing(partial(self._list, query), query.page_size or PAGE_SIZE)

    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """get_all_records_where, then the rows joined to the objects found."""
        table = self.known if field == "uuid" else self.table
        reading = Reading(self.client, table, query)
        rows = reading.find(condition(table.fields[field].stored or field, [value]) or "true")
        return reading.records({ref: row for ref, row in rows.items() if getattr(row, field) == value})

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """get_all_records_where, then the rows joined to the objects found."""
        return Reading(self.client, self.known, query).get([ref.id for ref in refs if '"' not in ref.id])

    def table_for(self, query: Query[R]) -> Table[R]:
        """The table of the objects that a watch follows: `known` if the query has refs, else ``table``."""
        return self.table if query.refs is None else self.known

    @property
    def known(self) -> Table[R]:
        """The table of the objects that a ref or a uuid finds."""
        return self.table_of_known or self.table

    def record(self, cls: str, ref: str, *fields: str) -> Any:
        """Read these fields of one object. `NotFound` if the object is gone."""
        return self.client.call(f"{cls}.get_record", ref, result=row_type(cls, frozenset(fields)))

    def start_task(self, name: str, *parameters: Any) -> Started:
        """Start an action that takes one message, in the message's asynchronous form."""
        return begin_task(self.client, name, *parameters)

    def _list(self, query: Query[R]) -> Rows[R]:
        rows, records = Reading(self.client, self.table, query).list_all()
        refs = list(rows)
        if self.table.accept is not None:
            fits = records.fits
            refs = [ref for ref, row in rows.items() if fits(ref, row)]
        return Rows(records, rows, refs, None if query.filters else len(refs))


class LabelledAdapter(TableAdapter[R]):
    """The adapter of a kind whose objects can be renamed and tagged."""

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
