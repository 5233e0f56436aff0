"""The base adapter: reads a kind by its table from one of Grove's collections."""

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
"""The largest page that the server sends."""


class TableAdapter(Adapter[R]):
    """Reads a kind by its table."""

    table: ClassVar[Table[Any]]
    only: ClassVar[Mapping[str, str]] = {}
    """Parameters that select this kind's objects from the collection."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.fields = self.table.declared()

    def open(self, query: Query[R], after: PageToken | None) -> Listing[R]:
        """One GET for each page. Objects are in the order of their creation; a token outlives its session."""
        # A repeated parameter matches any of its values. Values are text: the server can't compare None or patterns.
        filters = {
            name: values for name, values in self.table.filters(query) if all(isinstance(v, str) for v in values)
        }
        return TokenListing(partial(self._page, query, filters), after)

    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """One GET for each page of the server's matches, which ignore case, or of all objects if it can't search."""
        stored = self.table.fields[field].stored
        listing = TokenListing(partial(self._page, query, {} if stored is None else {stored: value}), None)
        return [record for page in listing.pages() for record in page.items if getattr(record, field) == value]

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """One GET."""
        return self._page(query, {"id": [ref.id for ref in refs]}, None).items

    def start_task(self, verb: str, *path: str, body: object = None) -> Started:
        """Send one request, which the server answers with a task."""
        reply = self.client.call(verb, *path, body=body)
        with protocol_errors():
            return Started(self.client.context.ref(TaskRecord, reply["task"]))

    def _page(self, query: Query[R], filters: Mapping[str, Any], after: PageToken | None) -> Page[R]:
        parameters = {"limit": query.page_size or PAGE_SIZE, **self.only, **filters}
        if after is not None:
            parameters["after"] = after
        if query.native is not True:
            parameters["fields"] = ",".join(sorted(self.table.natives(query.fields).union(query.native or ())))
        reply = self.client.call("GET", self.table.native_type, parameters=parameters)
        with protocol_errors():
            records = self.table.records(query, item, self.client.context, self.client)
            items = records.all((row["id"], row) for row in reply["items"])
            return Page(items, reply["next"], reply["total"])
