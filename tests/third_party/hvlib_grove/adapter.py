"""What all kinds have in common: a table of fields, read from one of Grove's collections."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from hvlib.driver import Adapter, Page, PageToken, Ref
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib_grove.errors import understood

if TYPE_CHECKING:
    from hvlib_grove.session import GroveSession

__all__ = ["Column", "GroveAdapter", "identifier", "labels", "mebibytes", "moment"]

R = TypeVar("R", bound=Resource)

PAGE_SIZE = 500
"""The most that the server sends at a time."""


@dataclass(frozen=True)
class Column:
    """Where one field comes from: a property of the server's objects.

    | convert: makes hvlib's value of the server's; a value that is None stays so
    | of: the kind of the objects that it names by identifier
    | ask: makes the server's value of one to filter by; None for one that the server can't filter by
    """

    native: str
    convert: Callable[[Any], Any] = lambda value: value
    of: type[Resource] | None = None
    ask: Callable[[Any], Any] = lambda value: None


class GroveAdapter(Adapter[R]):
    """A kind that is a table."""

    collection: ClassVar[str]
    only: ClassVar[Mapping[str, str]] = {}
    """What tells this kind's objects from the others of the collection."""
    table: ClassVar[Mapping[str, Column]]
    reusable_tokens = True

    def __init__(self, session: GroveSession) -> None:
        self.session = session
        self.fields = frozenset(self.table)

    def page(self, query: Query[R], after: PageToken | None) -> Page[R]:
        """One GET. Objects come in the order in which they were made; a token outlives its session."""
        return self._page(query, self._filters(query), after)

    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """One GET, and one more for each page of them. The server compares names without regard to case."""
        found: list[R] = []
        after: PageToken | None = None
        while True:
            page = self._page(query, {self.table[field].native: value}, after)
            found += [record for record in page.items if getattr(record, field) == value]
            after = page.next
            if after is None:
                return found

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """One GET."""
        return self._page(query, {"id": [ref.id for ref in refs]}, None).items if refs else []

    def _page(self, query: Query[R], ask: Mapping[str, Any], after: PageToken | None) -> Page[R]:
        parameters = {"limit": query.page_size or PAGE_SIZE, **self.only, **ask}
        if after is not None:
            parameters["after"] = after
        if query.native is not True:
            names = {self.table[name].native for name in query.fields}.union(query.native or ())
            parameters["fields"] = ",".join(sorted(names))
        reply = self.session.call("GET", self.collection, ask=parameters)
        with understood():
            items = [self._record(query, item) for item in reply["items"]]
            return Page(items, reply["next"], reply["total"])

    def _filters(self, query: Query[R]) -> dict[str, list[Any]]:
        """What the server can filter by: a parameter that repeats means any of its values."""
        asked = {}
        for each in query.filters:
            column = self.table[each.field]
            values = [column.ask(value) for value in each.alternatives]
            if None not in values:
                asked[column.native] = values
        return asked

    def _record(self, query: Query[R], item: Mapping[str, Any]) -> R:
        values = {name: self._value(self.table[name], item) for name in query.fields}
        if query.native:
            values["native"] = item if query.native is True else {name: item[name] for name in query.native or ()}
        return query.build(self.session.context.ref(self.kind, item["id"]), values)

    def _value(self, column: Column, item: Mapping[str, Any]) -> Any:
        value = item[column.native]
        if value is None:
            return None
        return column.convert(value) if column.of is None else self.session.context.ref(column.of, value)


def mebibytes(value: int) -> int:
    """A number of MiB, in bytes."""
    return value << 20


def moment(value: float) -> datetime:
    """Seconds since 1970, as a moment in UTC."""
    return datetime.fromtimestamp(value, UTC)


def labels(value: Sequence[str]) -> tuple[str, ...]:
    """Tags, in hvlib's order."""
    return tuple(sorted(value))


def identifier(value: object) -> str | None:
    """The identifier of a ref that is filtered by."""
    return value.id if isinstance(value, Ref) else None
