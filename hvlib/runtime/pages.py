"""Pages: the iteration of one listing."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import ClassVar, Generic, TypeVar

from hvlib.driver import Page, PageToken
from hvlib.model.errors import CursorLost, HvlibError, PartialResult
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib.runtime.kept_listings import servers_token
from hvlib.runtime.listing import Fetched, ListingRun, Place
from hvlib.runtime.prefetch import Prefetch
from hvlib.runtime.session_manager import SessionManager

__all__ = ["Pages", "SharedPages"]

R = TypeVar("R", bound=Resource)


class Pages(Generic[R]):
    """An iterator of pages. After an error, the next call tries to fetch the same page again.

    From the second page on, the next page is fetched while one is consumed. Several threads may iterate: each gets
    different pages.
    """

    shared: ClassVar[bool] = False
    """Whether the pages have tokens for users."""

    def __init__(self, manager: SessionManager, query: Query[R], after: PageToken | None) -> None:
        self._manager = manager
        self._provider = manager.provider  # Keeps it alive: the pages may outlive the caller's own reference.
        self._query = query
        self._after = after
        self._place: Place[R] | None = None
        self._prefetch: Prefetch[R] | None = None
        self._begun = self._ended = self._closed = False
        self._turn = threading.Lock()

    def __iter__(self) -> Iterator[Page[R]]:
        return self

    def __next__(self) -> Page[R]:
        with self._turn:
            if self._ended and not self._unreadable:
                raise StopIteration
            with self._manager.translate_errors():
                if self._ended:
                    raise self._partial()
                self._check_open()
                place = self._place = self._place or self._begin()
                fetched = self._fetch(place)
                self._check_open()
                return self._advance(place, fetched)

    @property
    def _unreadable(self) -> dict[str, HvlibError]:
        """The objects of the listing that could not be read, also on pages that another iteration has fetched."""
        return {} if self._place is None else self._place.run.unreadable

    def _partial(self) -> PartialResult:
        """The error that names the objects that could not be read. The next call ends the iteration."""
        kind, reason = self._query.kind, next(iter(self._unreadable.values()))
        refs = tuple(self._manager.context.ref(kind, id) for id in self._unreadable)
        self._unreadable.clear()
        return PartialResult(
            f"{len(refs)} {kind.kind} objects can't be read: {reason}", refs=refs, native=reason.native
        )

    def abandon(self) -> None:
        """Queue the freeing of the server's resources for the listing.

        Safe in a finalizer: it sends nothing, and waits for nothing.
        """
        place, prefetch = self._place, self._prefetch
        self._closed, self._prefetch = True, None
        if prefetch is not None:
            prefetch.abort()
        if place is not None and not place.run.over:
            self._manager.deferred.add(partial(place.run.leave, place))

    def _check_open(self) -> None:
        if self._closed:
            self.abandon()  # Again: it may have been closed before it had a place.
            raise CursorLost("this listing was closed")

    def _begin(self) -> Place[R]:
        if self._after is None:
            return ListingRun(self._query, None).place
        kept = self._manager.kept_listings.take(self._after, self._query)
        return ListingRun(self._query, servers_token(self._after)).place if kept is None else kept

    def _fetch(self, place: Place[R]) -> Fetched[R]:
        prefetch = self._prefetch
        if prefetch is None:
            return self._manager.fetch(place)
        prefetch.exception()  # Waits. If this is interrupted, the next call finds the prefetch still here.
        self._prefetch = None
        fetched = prefetch.result()
        self._manager.check_open()
        place.run.check_iteration(place)
        return fetched

    def _advance(self, place: Place[R], fetched: Fetched[R]) -> Page[R]:
        """Move the iteration past a page. Returns the page for users."""
        page, own = fetched.page, fetched.token
        # A listing that has fetched ahead can't go back, so a token that is handed out must work without the listing.
        ahead = self._begun and not page.last and (own is not None or not self.shared)
        items, following = self._matching(page.items), place.after_page()
        place.run.unreadable.update((ref.id, error) for ref, error in page.unreadable.items())
        keep = self.shared and not page.last
        token = self._manager.kept_listings.keep(following, own, ahead=ahead) if keep else None
        if page.last:
            self._manager.kept_listings.forget(following)
        self._place, self._begun, self._ended = following, True, page.last
        if ahead and not self._closed:
            self._start_prefetch(following)
        return Page(items, token, None if self._query.filters else page.total)

    def _matching(self, items: Sequence[R]) -> Sequence[R]:
        return [item for item in items if self._query.matches(item)] if self._query.filters else items

    def _start_prefetch(self, place: Place[R]) -> None:
        prefetch = Prefetch(place)
        with suppress(RuntimeError):  # The interpreter is exiting: the page is fetched when it is needed.
            prefetch.start(self._manager)
            self._prefetch = prefetch


class SharedPages(Pages[R]):
    """Pages whose tokens are handed out. Using a token takes the listing over, or begins at the server's own token."""

    shared = True

    def __del__(self) -> None:
        self.abandon()

    def close(self) -> None:
        """End the listing, and its token with it where the server has none of its own."""
        if self._place is not None:
            self._manager.kept_listings.forget(self._place)
        self.abandon()
