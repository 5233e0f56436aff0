"""Pager: a lazy listing, page by page."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from typing import Generic, TypeVar

from hvlib.connection import Connection
from hvlib.driver import Page, PageToken
from hvlib.errors import AmbiguousName, CursorLost, HvlibError, NotFound
from hvlib.query import Query
from hvlib.resources import Resource

__all__ = ["Page", "PageToken", "Pager"]

R = TypeVar("R", bound=Resource)


class Pager(Generic[R]):
    """A listing that fetches its pages as they are asked for; each iteration lists anew.

    Objects that exist all through a listing appear in it, once. If the session is lost on the way, the listing goes on
    where the server's token allows; else it raises `CursorLost`, never ends early. What the server holds for a listing
    is freed when its iterator ends, is closed or forgotten.

    Also a context manager, which closes the listings under way.
    """

    def __init__(self, connection: Connection, query: Query[R], after: PageToken | None = None) -> None:
        self._connection = connection
        self._query = query
        self._after = after
        self._running: Generator[Page[R]] | None = None

    def __iter__(self) -> Iterator[R]:
        for page in self.pages():
            yield from page.items

    def pages(self) -> Iterator[Page[R]]:
        """The pages, each one round trip. A page that the filters empty is there all the same."""
        self._running = self._list()
        return self._running

    def each_page(self, handle: Callable[[Page[R]], object]) -> None:
        """Call ``handle`` with each page until it returns False."""
        with closing(self._list()) as pages:
            for page in pages:
                if handle(page) is False:
                    return

    def all(self) -> list[R]:
        """Everything, in one list. A listing that lost its place is started over, once."""
        try:
            return self._all()
        except CursorLost:
            if self._after is not None:
                raise
            return self._all()

    def first(self) -> R | None:
        """The first one, or None: one page."""
        with closing(self._list()) as pages:
            return next((item for page in pages for item in page.items), None)

    def one(self) -> R:
        """The only one. Raises `NotFound` if there is none, `AmbiguousName` if there are more."""
        with closing(self._list()) as pages:
            items = (item for page in pages for item in page.items)
            found = [item for _, item in zip(range(2), items, strict=False)]
        if not found:
            raise NotFound(f"no {self._query.kind.kind} fits")
        if len(found) > 1:
            raise AmbiguousName(f"more than one {self._query.kind.kind} fits", candidates=found)
        return found[0]

    def count(self) -> int:
        """How many there are: one round trip where the server counts, else all pages."""
        counted = 0
        with closing(self._list()) as pages:
            for page in pages:
                if page.total is not None and not self._query.filters and self._after is None:
                    return page.total
                counted += len(page.items)
        return counted

    def close(self) -> None:
        """End the listing under way and free what the server holds for it."""
        if self._running is not None:
            self._running.close()

    def __enter__(self) -> Pager[R]:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _all(self) -> list[R]:
        return [item for page in self._list() for item in page.items]

    def _list(self) -> Generator[Page[R]]:
        token = self._after
        try:
            while True:
                page = self._fetch(token)
                token = page.next
                yield page
                if token is None:
                    return
        finally:
            if token is not None:
                self._release(token)

    def _fetch(self, token: PageToken | None) -> Page[R]:
        query = self._query
        page: Page[R] = self._connection.read(lambda session: session.adapters[query.kind].page(query, token))
        if not query.filters:
            return page
        return Page([item for item in page.items if query.matches(item)], page.next)

    def _release(self, token: PageToken) -> None:
        if self._connection.closed:
            return
        with suppress(HvlibError):  # What can't be freed goes with the session: no login, no retry for this.
            self._connection.session.adapters[self._query.kind].release(token)

    def __repr__(self) -> str:
        return f"<Pager of {self._query.kind.kind}>"
