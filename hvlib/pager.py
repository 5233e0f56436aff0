"""Pager: a lazy listing, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar

import msgspec

from hvlib.ahead import Ahead
from hvlib.connection import Connection
from hvlib.driver import Page, PageToken
from hvlib.errors import AmbiguousName, CursorLost, NotFound
from hvlib.paging import next_page
from hvlib.projection import projection
from hvlib.query import Query
from hvlib.resources import Resource

__all__ = ["Page", "PageToken", "Pager"]

R = TypeVar("R", bound=Resource)


class Listing(Generic[R]):
    """One listing under way: an iterator of pages. It ends with the last page, or with an error.

    Whoever asks for a second page goes on: from there on, the next page is fetched while one is consumed.
    """

    def __init__(self, connection: Connection, query: Query[R], after: PageToken | None) -> None:
        self._connection = connection
        self._query = query
        self._token = after
        self._passed: set[PageToken] = set()
        self._ahead: Ahead[R] | None = None
        self._begun = self._ended = False

    def __iter__(self) -> Iterator[Page[R]]:
        return self

    def __next__(self) -> Page[R]:
        if self._ended:
            raise StopIteration
        self._ended = True  # If this fails, what leads to the page is there still: it can be freed.
        page = self._fetch()
        self._ended, self._token, self._ahead = page.next is None, page.next, None
        if self._begun and page.next is not None and self._runs_ahead():
            self._run_ahead(page.next)
        self._begun = True
        if not self._query.filters:
            return page
        return Page([item for item in page.items if self._query.matches(item)], page.next)

    def abandon(self) -> None:
        """Leave what the server holds for the rest to be freed. Safe in a finalizer: it sends and waits for nothing."""
        token, ahead = self._token, self._ahead
        self._ended, self._token, self._ahead = True, None, None
        if ahead is not None:
            ahead.abandon(self._connection)
        elif token is not None:
            self._connection.abandon(self._query.kind, token)

    def _fetch(self) -> Page[R]:
        if self._ahead is None:
            query, token, passed = self._query, self._token, self._passed
            return self._connection.read(lambda session: next_page(session.adapters[query.kind], query, token, passed))
        page = self._ahead.result()
        with self._connection.reported():
            self._connection.check_open()
        return page

    def _runs_ahead(self) -> bool:
        return True

    def _run_ahead(self, token: PageToken) -> None:
        ahead = Ahead(self._query, token, self._passed)
        with suppress(RuntimeError):  # The interpreter exits: the page is fetched when it is asked for.
            ahead.start(self._connection)
            self._ahead = ahead


class SharedListing(Listing[R]):
    """A listing whose tokens are handed out: it must not use up one that is good only once."""

    def __del__(self) -> None:
        if self._ahead is not None:
            self._ahead.abandon(self._connection)  # The token that its page brings is nobody's.

    def _runs_ahead(self) -> bool:
        return self._connection.session.adapters[self._query.kind].reusable_tokens


class Pager(Generic[R]):
    """A listing that fetches its pages as they are asked for; each iteration lists anew.

    Once the second page was asked for, the next one is fetched while one is consumed: memory holds two. Where the
    server's tokens are good only once, `pages` and `each_page`, which hand them out, do not run ahead.

    Objects that exist all through a listing appear in it, once. If the session is lost on the way, the listing goes on
    where the server's token allows; else it raises `CursorLost`, never ends early.

    What the server holds for a listing is freed when its iteration is given up, at the latest with the next call. The
    token of a page from `pages` stays good for ``get_all(after=page.next)``: it is freed by `close`, or at the end of a
    ``with`` block.
    """

    def __init__(self, connection: Connection, query: Query[R], after: PageToken | None = None) -> None:
        self._connection = connection
        self._provider = connection.provider  # Keeps it: a listing may outlive the caller's own reference.
        self._query = query
        self._after = after
        self._open: SharedListing[R] | None = None

    def __iter__(self) -> Iterator[R]:
        listing = self._list(self._query)
        try:
            for page in listing:
                yield from page.items
                del page  # Memory holds this page and the one that is fetched ahead, never a third.
        finally:
            listing.abandon()

    def pages(self) -> Iterator[Page[R]]:
        """The pages, each one round trip. A page that the filters empty is there all the same."""
        self._open = SharedListing(self._connection, self._query, self._after)
        return self._open

    def each_page(self, handle: Callable[[Page[R]], object]) -> None:
        """Call ``handle`` with each page until it returns False."""
        for page in self.pages():
            if handle(page) is False:
                return

    def all(self) -> list[R]:
        """Everything, in one list. A listing that lost its place is started over, once."""
        try:
            return list(self)
        except CursorLost:
            if self._after is not None:
                raise
            return list(self)

    def first(self) -> R | None:
        """The first one, or None: one page."""
        with self._given_up(self._query) as pages:
            return next((item for page in pages for item in page.items), None)

    def one(self) -> R:
        """The only one. Raises `NotFound` if there is none, `AmbiguousName` if there are more."""
        with self._connection.reported():
            with self._given_up(self._query) as pages:
                items = (item for page in pages for item in page.items)
                found = [item for _, item in zip(range(2), items, strict=False)]
            if not found:
                raise NotFound(f"no {self._query.kind.kind} fits")
            if len(found) > 1:
                raise AmbiguousName(f"more than one {self._query.kind.kind} fits", candidates=found)
            return found[0]

    def count(self) -> int:
        """How many there are: one round trip where the server counts, else all pages, holding what is filtered on."""
        counted = 0
        with self._given_up(_refs_alone(self._query)) as pages:
            for page in pages:
                if page.total is not None and not self._query.filters and self._after is None:
                    return page.total
                counted += len(page.items)
        return counted

    def close(self) -> None:
        """End the listing that `pages` began, and free what the server holds for it."""
        if self._open is not None:
            self._open.abandon()
            self._connection.free_abandoned()

    def __enter__(self) -> Pager[R]:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _list(self, query: Query[R]) -> Listing[R]:
        return Listing(self._connection, query, self._after)

    @contextmanager
    def _given_up(self, query: Query[R]) -> Iterator[Listing[R]]:
        """A listing that is over at the end of the block."""
        listing = self._list(query)
        try:
            yield listing
        finally:
            listing.abandon()
            self._connection.free_abandoned()

    def __repr__(self) -> str:
        return f"<Pager of {self._query.kind.kind}>"


def _refs_alone(query: Query[R]) -> Query[R]:
    needed = frozenset(each.field for each in query.filters)
    record_type = projection(query.kind, needed, frozenset(query.kind.all_fields()))
    return msgspec.structs.replace(query, needed=needed, record_type=record_type, native=())
