"""The base adapter: a kind that is a table, read from one of Grove's collections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar

from hvlib.driver import Adapter, Listing, Page, PageToken, Ref, Started, TokenListing
from hvlib.model.query import Query
from hvlib.model.resources import Resource, TaskRecord
from hvlib_grove.client import Client
from hvlib_grove.errors import protocol_errors
from hvlib_grove.table import Column

__all__ = ["TableAdapter"]

R = TypeVar("R", bound=Resource)

PAGE_SIZE = 500
"""The most that the server sends at a time."""


class TableAdapter(Adapter[R]):
    """A kind that is a table."""

    collection: ClassVar[str]
    only: ClassVar[Mapping[str, str]] = {}
    """Parameters that tell this kind's objects from the others of the collection."""
    table: ClassVar[Mapping[str, Column]]

    def __init__(self, client: Client) -> None:
        self.client = client
        self.fields = frozenset(self.table)

    def open(self, query: Query[R], after: PageToken | None) -> Listing[R]:
        """A GET for each page. Objects come in the order in which they were made; a token outlives its session."""
        return TokenListing(partial(self._page, query, self._filters(query)), after)

    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """One GET, and one more for each page of them. The server compares names without regard to case."""
        page = self._page(query, ask := {self.table[field].native: value}, None)
        found = list(page.items)
        while page.next is not None:
            page = self._page(query, ask, page.next)
            found += page.items
        return [record for record in found if getattr(record, field) == value]

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """One GET."""
        return self._page(query, {"id": [ref.id for ref in refs]}, None).items if refs else []

    def start_task(self, verb: str, *path: str, body: object = None) -> Started:
        """One request that the server answers with a task."""
        reply = self.client.call(verb, *path, body=body)
        with protocol_errors():
            return Started(self.client.context.ref(TaskRecord, reply["task"]))

    def _page(self, query: Query[R], ask: Mapping[str, Any], after: PageToken | None) -> Page[R]:
        parameters = {"limit": query.page_size or PAGE_SIZE, **self.only, **ask}
        if after is not None:
            parameters["after"] = after
        if query.native is not True:
            names = {self.table[name].native for name in query.fields}.union(query.native or ())
            parameters["fields"] = ",".join(sorted(names))
        reply = self.client.call("GET", self.collection, ask=parameters)
        with protocol_errors():
            items = [self._record(query, item) for item in reply["items"]]
            return Page(items, reply["next"], reply["total"])

    def _filters(self, query: Query[R]) -> dict[str, list[Any]]:
        """The filters that the server has: a parameter that repeats means any of its values."""
        columns = [(self.table[each.field], each.alternatives) for each in query.filters]
        asked = {column.native: [column.ask(value) for value in values] for column, values in columns}
        return {name: values for name, values in asked.items() if None not in values}

    def _record(self, query: Query[R], item: Mapping[str, Any]) -> R:
        values = {name: self.table[name].read(item, self.client.context) for name in query.fields}
        if query.native:
            values["native"] = item if query.native is True else {name: item[name] for name in query.native or ()}
        return query.build(self.client.context.ref(self.kind, item["id"]), values)
