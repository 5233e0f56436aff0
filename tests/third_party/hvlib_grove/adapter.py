"""The base adapter: a kind that is a table, read from one of Grove's collections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar

from hvlib.driver import Adapter, Listing, Page, PageToken, Ref, Started, TokenListing, protocol_errors
from hvlib.driver.table import Table, item
from hvlib.model.query import Query
from hvlib.model.resources import Resource, TaskRecord
from hvlib_grove.client import Client

__all__ = ["TableAdapter"]

R = TypeVar("R", bound=Resource)

PAGE_SIZE = 500
"""The most that the server sends at a time."""


class TableAdapter(Adapter[R]):
    """A kind that is a table."""

    table: ClassVar[Table[Any]]
    only: ClassVar[Mapping[str, str]] = {}
    """Parameters that tell this kind's objects from the others of the collection."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.fields = self.table.declared()

    def open(self, query: Query[R], after: PageToken | None) -> Listing[R]:
        """A GET for each page. Objects come in the order in which they were made; a token outlives its session."""
        # A parameter that repeats means any of its values. They are text: the server knows no None, and no patterns.
        asked = {name: values for name, values in self.table.filters(query) if all(isinstance(v, str) for v in values)}
        return TokenListing(partial(self._page, query, asked), after)

    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """A GET for each page of what the server finds, which minds no case; of all where it can't search."""
        stored = self.table.fields[field].stored
        listing = TokenListing(partial(self._page, query, {} if stored is None else {stored: value}), None)
        return [record for page in listing.pages() for record in page.items if getattr(record, field) == value]

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """One GET."""
        return self._page(query, {"id": [ref.id for ref in refs]}, None).items

    def start_task(self, verb: str, *path: str, body: object = None) -> Started:
        """One request that the server answers with a task."""
        reply = self.client.call(verb, *path, body=body)
        with protocol_errors():
            return Started(self.client.context.ref(TaskRecord, reply["task"]))

    def _page(self, query: Query[R], asked: Mapping[str, Any], after: PageToken | None) -> Page[R]:
        ask = {"limit": query.page_size or PAGE_SIZE, **self.only, **asked}
        if after is not None:
            ask["after"] = after
        if query.native is not True:
            ask["fields"] = ",".join(sorted(self.table.natives(query.fields).union(query.native or ())))
        reply = self.client.call("GET", self.table.native_type, ask=ask)
        with protocol_errors():
            records = self.table.records(query, item, self.client.context, self.client)
            items = records.all((row["id"], row) for row in reply["items"])
            return Page(items, reply["next"], reply["total"])
