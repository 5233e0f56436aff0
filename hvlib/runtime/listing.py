"""Listing: the pages of one listing under way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Generic, TypeVar

from hvlib.driver import Page, PageToken
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib.runtime.page_chain import PageChain
from hvlib.runtime.prefetch import Prefetch
from hvlib.runtime.session_manager import SessionManager

__all__ = ["Listing", "SharedListing"]

R = TypeVar("R", bound=Resource)


class Listing(Generic[R]):
    """An iterator of pages. It ends with the last page, or with an error.

    From the second page on, the next page is fetched while one is consumed.
    """

    def __init__(self, manager: SessionManager, query: Query[R], after: PageToken | None) -> None:
        self._manager = manager
        self._query = query
        self._token = after
        self._chain = PageChain()
        self._prefetch: Prefetch[R] | None = None
        self._begun = self._ended = False

    def __iter__(self) -> Iterator[Page[R]]:
        return self

    def __next__(self) -> Page[R]:
        if self._ended:
            raise StopIteration
        self._ended = True  # If this fails, the token that leads to the page is there still: it can be freed.
        page = self._fetch()
        self._ended, self._token, self._prefetch = page.next is None, page.next, None
        if self._begun and page.next is not None and self._may_prefetch():
            self._start_prefetch(page.next)
        self._begun = True
        if not self._query.filters:
            return page
        return Page([item for item in page.items if self._query.matches(item)], page.next)

    def abandon(self) -> None:
        """Leave what the server holds for the rest to be freed. Safe in a finalizer: it sends and waits for nothing."""
        token, prefetch = self._token, self._prefetch
        self._ended, self._token, self._prefetch = True, None, None
        if prefetch is not None:
            prefetch.abandon(self._manager)
        elif token is not None:
            self._manager.defer_release(self._query.kind, token)

    def _fetch(self) -> Page[R]:
        with self._manager.translate_errors():
            if self._prefetch is None:
                page = self._manager.page(self._query, self._token)
                return self._chain.check(page, self._query, self._token)
            page = self._prefetch.result()
            self._manager.check_open()
            return page

    def _may_prefetch(self) -> bool:
        return True

    def _start_prefetch(self, token: PageToken) -> None:
        prefetch = Prefetch(self._query, token, self._chain)
        with suppress(RuntimeError):  # The interpreter exits: the page is fetched when it is asked for.
            prefetch.start(self._manager)
            self._prefetch = prefetch


class SharedListing(Listing[R]):
    """A listing whose tokens are handed out: it must not use up one that is good only once."""

    def __del__(self) -> None:
        if self._prefetch is not None:
            self._prefetch.abandon(self._manager)  # Nobody was given the token that its page brings.

    def _may_prefetch(self) -> bool:
        return self._manager.session.adapters[self._query.kind].reusable_tokens
