"""Pager: a lazy listing, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import msgspec

from hvlib.driver import Page, PageToken
from hvlib.model.errors import AmbiguousName, CursorLost, InvalidQuery, NotFound, PartialResult
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib.model.resources.record import projection
from hvlib.runtime.pages import Pages, SharedPages
from hvlib.runtime.session_manager import SessionManager
from hvlib.runtime.translation import locate

__all__ = ["Page", "PageToken", "Pager"]

R = TypeVar("R", bound=Resource)


class Pager(Generic[R]):
    """A listing that fetches its pages as they are needed. Each iteration lists anew.

    From the second page on, the next page is fetched while one is consumed, so memory holds two pages. `pages` and
    `each_page`, which hand out tokens, do not fetch ahead where the server has no tokens of its own.

    An object that exists during the whole listing appears in it exactly once. If the session is lost on the way, the
    listing continues where the server's token allows; else it raises `CursorLost`. It never ends early.

    When an iteration is abandoned, the server's resources for it are freed, at the latest with the next call.

    ``get_all(after=page.next)``, with the token of a page from `pages`, takes the listing over: the earlier iteration
    raises `CursorLost` if it is continued. For that, 16 listings are kept, each for 300 seconds, or until `close` or
    the end of a ``with`` block. A token that is used a second time, too late, with another provider or process, or with
    other fields or filters, begins at the server's own token, or raises `CursorLost` where the server has none.
    """

    def __init__(self, manager: SessionManager, query: Query[R], after: PageToken | None = None) -> None:
        self._manager = manager
        self._provider = manager.provider  # Keeps it alive: a listing may outlive the caller's own reference.
        self._query = query
        self._after = after
        self._open: SharedPages[R] | None = None

    def __iter__(self) -> Iterator[R]:
        listing = self._list(self._query)
        try:
            for page in listing:
                yield from page.items
                del page  # So that memory holds one page and the one that is fetched ahead, never a third.
        finally:
            listing.abandon()

    def pages(self) -> Iterator[Page[R]]:
        """Iterate over the pages, each one round trip. A page whose objects were all filtered out is empty."""
        self._open = SharedPages(self._manager, self._query, self._after)
        return self._open

    def each_page(self, handle: Callable[[Page[R]], object]) -> None:
        """Call ``handle`` with each page until it returns False."""
        if not callable(handle):
            raise locate(InvalidQuery(f"each_page() takes a function, not {handle!r}"), self._provider)
        for page in self.pages():
            if handle(page) is False:
                return

    def all(self) -> list[R]:
        """All objects, in one list. If the listing raises `CursorLost`, it is started over, once.

        Raises `PartialResult`, which has the other objects, if some can't be read.
        """
        try:
            return self._collected()
        except CursorLost:
            if self._after is not None:
                raise
            return self._collected()

    def _collected(self) -> list[R]:
        records: list[R] = []
        try:
            for record in self:
                records.append(record)
        except PartialResult as error:
            error.records = records
            raise
        return records

    def first(self) -> R | None:
        """The first object, or None. Reads pages until one has an object."""
        with self._abandoned(self._query) as pages:
            return next((item for page in pages for item in page.items), None)

    def one(self) -> R:
        """The only object. Raises `NotFound` if there is none, `AmbiguousName` if there are more."""
        with self._abandoned(self._query) as pages:
            items = (item for page in pages for item in page.items)
            first_two = [item for _, item in zip(range(2), items, strict=False)]
        if not first_two:
            raise locate(NotFound(f"no {self._query.kind.kind} matches"), self._provider)
        if len(first_two) > 1:
            ambiguous = AmbiguousName(f"more than one {self._query.kind.kind} matches", candidates=first_two)
            raise locate(ambiguous, self._provider)
        return first_two[0]

    def count(self) -> int:
        """The number of objects. One round trip where the server counts, else all pages, with the filters' fields."""
        counted = 0
        with self._abandoned(_only_filtered(self._query)) as pages:
            for page in pages:
                if page.total is not None and not self._query.filters and self._after is None:
                    return page.total
                counted += len(page.items)
        return counted

    def close(self) -> None:
        """End the listing that `pages` began, and free the server's resources for it.

        Safe in any thread. A page that another thread fetches meanwhile is lost: that thread gets `CursorLost`.
        """
        if self._open is not None:
            self._open.close()
            self._manager.release_deferred()

    def __enter__(self) -> Pager[R]:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _list(self, query: Query[R]) -> Pages[R]:
        return Pages(self._manager, query, self._after)

    @contextmanager
    def _abandoned(self, query: Query[R]) -> Iterator[Pages[R]]:
        """A listing that is abandoned at the end of the block."""
        listing = self._list(query)
        try:
            yield listing
        finally:
            listing.abandon()
            self._manager.release_deferred()

    def __repr__(self) -> str:
        return f"<Pager of {self._query.kind.kind}>"


def _only_filtered(query: Query[R]) -> Query[R]:
    """The query without all fields that no filter needs."""
    fields = frozenset(each.field for each in query.filters)
    record_type = projection(query.kind, fields, frozenset(query.kind.all_fields()))
    return msgspec.structs.replace(query, fields=fields, record_type=record_type, native=())
