"""Pages: the iteration of one listing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Generic, TypeVar

from hvlib.driver import Page, PageToken
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib.runtime.kept_listings import servers_token
from hvlib.runtime.listing import Fetched, ListingRun
from hvlib.runtime.prefetch import Prefetch
from hvlib.runtime.session_manager import SessionManager

__all__ = ["Pages", "SharedPages"]

R = TypeVar("R", bound=Resource)


class Pages(Generic[R]):
    """An iterator of pages. After an error it can be asked again: for the page that the error kept back.

    From the second page on, the next page is fetched while one is consumed.
    """

    def __init__(self, manager: SessionManager, query: Query[R], after: PageToken | None) -> None:
        self._manager = manager
        self._query = query
        self._after = after
        self._run: ListingRun[R] | None = None
        self._proof: object = None
        self._prefetch: Prefetch[R] | None = None
        self._begun = self._ended = False

    def __iter__(self) -> Iterator[Page[R]]:
        return self

    def __next__(self) -> Page[R]:
        if self._ended:
            raise StopIteration
        with self._manager.translate_errors():
            run = self._begin()
            fetched = self._fetch(run)
        self._ended = fetched.page.last
        page = self._page(run, fetched)
        if self._begun and not fetched.page.last and self._may_prefetch(fetched):
            self._start_prefetch(run)
        self._begun = True
        return page

    def abandon(self) -> None:
        """Leave what the server holds for the rest to be freed. Safe in a finalizer: it sends and waits for nothing."""
        run, prefetch = self._run, self._prefetch
        self._ended, self._prefetch = True, None
        if run is None or run.owner is not self._proof:
            return
        run.iterated = False
        if prefetch is None:
            self._manager.deferred.add(run.close)
        else:
            prefetch.abandon(self._manager)

    def _begin(self) -> ListingRun[R]:
        if self._run is None:
            self._run = self._find_run()
            self._proof = self._run.owner
        self._run.check_owner(self._proof)
        return self._run

    def _find_run(self) -> ListingRun[R]:
        if self._after is None:
            return ListingRun(self._query, None)
        kept = self._manager.kept_listings.take(self._after, self._query)
        return ListingRun(self._query, servers_token(self._after)) if kept is None else kept

    def _fetch(self, run: ListingRun[R]) -> Fetched[R]:
        prefetch, self._prefetch = self._prefetch, None
        if prefetch is None:
            return self._manager.fetch(run)
        fetched = prefetch.result()
        self._manager.check_open()
        return fetched

    def _may_prefetch(self, fetched: Fetched[R]) -> bool:  # noqa: ARG002 -- tokens that were handed out tell
        return True

    def _start_prefetch(self, run: ListingRun[R]) -> None:
        prefetch = Prefetch(run)
        with suppress(RuntimeError):  # The interpreter exits: the page is fetched when it is asked for.
            prefetch.start(self._manager)
            self._prefetch = prefetch

    def _page(self, run: ListingRun[R], fetched: Fetched[R]) -> Page[R]:
        page = fetched.page
        if not self._query.filters:
            return Page(page.items, self._token(run, fetched), page.total)
        return Page([item for item in page.items if self._query.matches(item)], self._token(run, fetched))

    def _token(self, run: ListingRun[R], fetched: Fetched[R]) -> PageToken | None:  # noqa: ARG002
        return None


class SharedPages(Pages[R]):
    """Pages whose tokens are handed out: who uses one takes the listing over, or begins from the server's own token."""

    def __del__(self) -> None:
        self.abandon()

    def close(self) -> None:
        """End the listing, and its token with it where the server has none of its own."""
        if self._run is not None:
            self._manager.kept_listings.withdraw(self._run)
        self.abandon()

    def _fetch(self, run: ListingRun[R]) -> Fetched[R]:
        """While it is being fetched, the page is nobody else's; after an error, its token is good again."""
        kept = self._manager.kept_listings
        withdrawn = kept.withdraw(run)
        try:
            run.check_owner(self._proof)
            return super()._fetch(run)
        except BaseException:
            kept.restore(withdrawn)
            raise

    def _may_prefetch(self, fetched: Fetched[R]) -> bool:
        """A listing that has run ahead can't be taken over, so its token must be good without it."""
        return fetched.token is not None

    def _start_prefetch(self, run: ListingRun[R]) -> None:
        self._manager.kept_listings.withdraw(run)
        super()._start_prefetch(run)

    def _token(self, run: ListingRun[R], fetched: Fetched[R]) -> PageToken | None:
        return None if fetched.page.last else self._manager.kept_listings.keep(run, fetched.token)
