"""Adapters: a kind's listing, lookups and reads, all of them by its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from hvlib import actions
from hvlib.driver import Adapter, Done, Page, PageToken, action
from hvlib.query import Query
from hvlib.ref import Ref
from hvlib.resources import Resource
from hvlib_xenapi.listing import Listing
from hvlib_xenapi.rows import NATIVE, Inventory, Needs, Row, Rows, native_row, row_type, rows_of
from hvlib_xenapi.table import Records, Table, any_of, equals

if TYPE_CHECKING:
    from hvlib_xenapi.session import XenAPISession

__all__ = ["LabelledAdapter", "TableAdapter"]

R = TypeVar("R", bound=Resource)

PAGE = 1000
"""Objects a page, if nobody says how many."""

FEW = 40
"""Objects that are asked for one by one; of more, the whole class is read, and those wanted are picked."""


class TableAdapter(Adapter[R]):
    """A kind that a table describes. A read takes one round trip for each class that its fields are joined from."""

    table: ClassVar[Table[Any]]

    def __init__(self, session: XenAPISession) -> None:
        self.session = session
        self.fields = frozenset(self.table.fields)

    def page(self, query: Query[R], after: PageToken | None) -> Page[R]:
        """get_all_records_where of the class, and get_all_records of those joined; further pages are here already."""
        listings = self.session.listings
        listing, start = (self._listing(query), 0) if after is None else listings.find(after, query)
        end = start + (query.page_size or PAGE)
        items = listing.records.all((ref, listing.rows[ref]) for ref in listing.refs[start:end])
        if end < len(listing.refs):
            return Page(items, next=listings.keep(listing, end), total=listing.total)
        listings.drop(listing)
        return Page(items, total=listing.total)

    def release(self, token: PageToken) -> None:
        """Forget the rows of a listing."""
        self.session.listings.release(token)

    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """get_all_records_where, and the rows joined to what it finds."""
        condition = equals(self.table.fields[field].stored, value)
        own, conditions = self.table.cls, self.table.conditions(query)
        if condition is not None:
            conditions.append(condition)
        rows = self.rows(own, conditions, self._needs(query)[own], query.native)
        wanted = self.table.fields[field].fields[0]
        return self._records(query, {ref: row for ref, row in rows.items() if getattr(row, wanted) == value})

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """get_all_records_where of the class, and the rows joined to what it finds."""
        own = self.table.cls
        ids = [ref.id for ref in refs if '"' not in ref.id]
        conditions = self.table.conditions(query)
        if len(ids) <= FEW:
            conditions.append(any_of("_ref", ids))
        rows = self.rows(own, conditions, self._needs(query)[own], query.native)
        return self._records(query, {id: rows[id] for id in ids if id in rows})

    def rows(
        self, cls: str, conditions: Sequence[str], fields: frozenset[str], native: bool | tuple[str, ...] = ()
    ) -> dict[str, Row]:
        """The rows of a class that fit all conditions: one round trip."""
        where = " and ".join(f"({condition})" for condition in conditions) or "true"
        if native:
            records = self.session.call(f"{cls}.get_all_records_where", where)
            return {ref: native_row(cls, fields | {NATIVE}, native, record) for ref, record in records.items()}
        if not fields:
            return dict.fromkeys(self.session.call(f"{cls}.get_all_where", where), row_type(cls, fields)())
        records = self.session.call(
            f"{cls}.get_all_records_where",
            where,
            result=dict[str, row_type(cls, fields)],  # type: ignore[misc]
        )
        return rows_of(cls, fields, records)

    def _listing(self, query: Query[R]) -> Listing:
        own, needs = self.table.cls, self._needs(query)
        conditions = self.table.conditions(query)
        rows = {own: self.rows(own, conditions, needs[own], query.native)}
        for cls, fields in needs.items():
            if cls != own:
                rows[cls] = self.rows(cls, (), fields)
        records = self._table_of(query, rows)
        refs = list(rows[own])
        if self.table.among is not None:
            refs = [ref for ref in refs if records.fits(ref, rows[own][ref])]
        total = None if query.filters else len(refs)
        return Listing(query, records, rows[own], refs, total)

    def _records(self, query: Query[R], own: dict[str, Row]) -> Sequence[R]:
        """The records of some objects: one round trip for each class that is joined to them."""
        if not own:
            return []
        rows: Rows = {self.table.cls: own}
        for cls, fields in self._needs(query).items():
            if cls == self.table.cls:
                continue
            parts = [join.condition(own) for join in self.table.joins(query.needed) if join.cls == cls]
            few = len(own) <= FEW and None not in parts
            rows[cls] = self.rows(cls, [" or ".join(f"({part})" for part in parts)] if few else (), fields)
        return self._table_of(query, rows).all(own.items())

    def _needs(self, query: Query[R]) -> Needs:
        return self.table.needs(query.needed)

    def _table_of(self, query: Query[R], rows: Mapping[str, dict[str, Row]]) -> Records[R]:
        inventory = Inventory(rows, self._backward(query))
        for cls, found in rows.items():
            inventory.load(cls, found)
        return Records(self.table, query, self.session, inventory)

    def _backward(self, query: Query[R]) -> set[tuple[str, str]]:
        return {index for index in self.table.indexes(query.needed) if index[0] != self.table.cls}


class LabelledAdapter(TableAdapter[R]):
    """A kind whose objects can be given names and tags."""

    @action(actions.Rename)
    def rename(self, ref: Ref, rename: actions.Rename) -> Done:
        """set_name_label."""
        self.session.call(f"{self.table.cls}.set_name_label", ref.id, rename.name_label)
        return Done(ref)

    @action(actions.SetTags)
    def set_tags(self, ref: Ref, given: actions.SetTags) -> Done:
        """set_tags."""
        self.session.call(f"{self.table.cls}.set_tags", ref.id, list(given.tags))
        return Done(ref)
