"""ListingRun: a driver's listing, opened when its first page is fetched; freed once nobody can go on with it."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Generic, TypeVar

import msgspec

from hvlib.driver import Listing, PageToken, ServerPage, Session
from hvlib.model.errors import CursorLost, HvlibError
from hvlib.model.query import Query
from hvlib.model.resources import Resource

__all__ = ["Fetched", "ListingRun", "Place"]

R = TypeVar("R", bound=Resource)


class Fetched(msgspec.Struct, Generic[R], frozen=True):
    """A page, and the server's own token for what comes after it."""

    page: ServerPage[R]
    token: PageToken | None


class Place(msgspec.Struct, Generic[R], frozen=True):
    """Where an iteration is in a listing.

    | iteration: its number: each one that takes the listing over has another
    | position: the number of pages before
    """

    run: ListingRun[R]
    iteration: int
    position: int

    def after_page(self) -> Place[R]:
        """The place behind the next page."""
        return Place(self.run, self.iteration, self.position + 1)


class ListingRun(Generic[R]):
    """A listing, held by the iteration that has it, by the page token that was handed out, and by a fetch under way.

    Once nothing holds it, what the server holds for it is freed. It knows neither provider nor records, so that it
    keeps none alive. Shared by threads.
    """

    def __init__(self, query: Query[R], after: PageToken | None) -> None:
        self.query = query
        self._after = after
        self._listing: Listing[R] | None = None
        self._iteration = self._position = 0
        self._iterated, self._kept, self._fetching, self._closed = True, False, False, False
        self._lock = threading.Lock()

    @property
    def over(self) -> bool:
        """Whether nothing is held for the listing any more."""
        return self._closed

    @property
    def place(self) -> Place[R]:
        """Where the listing is."""
        return Place(self, self._iteration, self._position)

    def fetch(self, session: Session, place: Place[R]) -> Fetched[R]:
        """The next page. Raises `CursorLost` if the listing is not at this place any more."""
        with self._lock:
            self._check(place)
            self._fetching = True
            self._position += 1
        try:
            return self._fetch(session)
        except Exception:  # After an interruption nobody knows whether the page has passed: it is lost.
            self._position -= 1
            raise
        finally:
            self._fetching = False
            self.free()

    def keep(self, place: Place[R]) -> None:
        """Hold the listing for a page token. Raises `CursorLost` if it is not at this place any more."""
        with self._lock:
            self._check(place)
            self._kept = True

    def drop(self) -> None:
        """Hold the listing for no page token any more; `free` is to follow. It waits for nothing but other threads."""
        with self._lock:
            self._kept = False

    def take_over(self, place: Place[R]) -> Place[R] | None:
        """Give the listing to another iteration. None if it is not at this place, or a page is being fetched."""
        with self._lock:
            if self._closed or self._fetching or place != self.place:
                return None
            self._iteration += 1
            self._iterated, self._kept = True, False
            return self.place

    def revoke(self, place: Place[R]) -> None:
        """Take the listing from its iteration, and give it to nobody; `free` is to follow."""
        with self._lock:
            if place.iteration == self._iteration:
                self._iteration += 1
                self._iterated = False

    def leave(self, place: Place[R]) -> None:
        """End an iteration. What the server holds is freed, unless another one has the listing, or may have it."""
        with self._lock:
            if place.iteration == self._iteration:
                self._iterated = False
        self.free()

    def free(self) -> None:
        """Free what the server holds, if nothing holds the listing."""
        with self._lock:
            if self._closed or self._iterated or self._kept or self._fetching:
                return
            self._closed = True
            listing, self._listing = self._listing, None
        if listing is not None:
            with suppress(HvlibError):
                listing.close()

    def _fetch(self, session: Session) -> Fetched[R]:
        if self._listing is None:
            self._listing = session.adapters[self.query.kind].open(self.query, self._after)
        page = self._listing.fetch()
        token = self._listing.token
        if not page.last:
            return Fetched(page, token)
        self._closed, self._listing = True, None  # Nothing is held for pages that there are not.
        return Fetched(page, None)

    def check_iteration(self, place: Place[R]) -> None:
        """Raise `CursorLost` if another iteration has taken the listing over."""
        if place.iteration != self._iteration:
            raise CursorLost("another iteration has taken this listing over, by the token of its page")

    def _check(self, place: Place[R]) -> None:
        self.check_iteration(place)
        if place.position != self._position:
            raise CursorLost("a page of this listing was fetched, and did not arrive")
        if self._closed:
            raise CursorLost("this listing was closed")
