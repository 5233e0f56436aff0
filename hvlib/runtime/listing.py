"""ListingRun: a driver's listing, opened when its first page is fetched, and freed once nothing can continue it."""

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
    """A page, and the server's own token for the pages after it."""

    page: ServerPage[R]
    token: PageToken | None


class Place(msgspec.Struct, Generic[R], frozen=True):
    """The position of an iteration in a listing.

    | iteration: the number of the iteration; each iteration that takes the listing over gets the next number
    | position: the number of pages before this place
    """

    run: ListingRun[R]
    iteration: int
    position: int

    def after_page(self) -> Place[R]:
        """The place after the next page."""
        return Place(self.run, self.iteration, self.position + 1)


class ListingRun(Generic[R]):
    """A listing, which is held by its iteration, by the page token that was handed out, and by a fetch under way.

    Once none of these holds it, the server's resources for it are freed. It refers to no provider and no records, so
    it keeps none alive. Shared by threads.
    """

    def __init__(self, query: Query[R], after: PageToken | None) -> None:
        self.query = query
        self.unreadable: dict[str, HvlibError] = {}
        """The identifiers of the objects that could not be read, with the reasons."""
        self._after = after
        self._listing: Listing[R] | None = None
        self._iteration = self._position = 0
        self._iterated, self._kept, self._fetching, self._closed = True, False, False, False
        self._lock = threading.Lock()

    @property
    def over(self) -> bool:
        """Whether the server holds nothing for the listing any more."""
        return self._closed

    @property
    def place(self) -> Place[R]:
        """The listing's present place."""
        return Place(self, self._iteration, self._position)

    def fetch(self, session: Session, place: Place[R]) -> Fetched[R]:
        """Fetch the next page. Raises `CursorLost` if the listing is not at this place any more."""
        with self._lock:
            self._check(place)
            self._fetching = True
            self._position += 1
        try:
            return self._fetch(session)
        except Exception:  # Not after an interruption: the page may have been fetched then, so it counts as lost.
            self._position -= 1
            raise
        finally:
            self._fetching = False
            self.free()

    def keep(self, place: Place[R]) -> None:
        """Let a page token hold the listing. Raises `CursorLost` if it is not at this place any more."""
        with self._lock:
            self._check(place)
            self._kept = True

    def drop(self) -> None:
        """Let no page token hold the listing any more; call `free` afterwards. Waits for nothing but the lock."""
        with self._lock:
            self._kept = False

    def take_over(self, place: Place[R]) -> Place[R] | None:
        """Give the listing to a new iteration. Returns None if it is not at this place, or a page is being fetched."""
        with self._lock:
            if self._closed or self._fetching or place != self.place:
                return None
            self._iteration += 1
            self._iterated, self._kept = True, False
            return self.place

    def revoke(self, place: Place[R]) -> None:
        """End the iteration of the listing, and let no other one continue it; call `free` afterwards."""
        with self._lock:
            if place.iteration == self._iteration:
                self._iteration += 1
                self._iterated = False

    def leave(self, place: Place[R]) -> None:
        """End an iteration. Frees the server's resources, unless something else holds the listing."""
        with self._lock:
            if place.iteration == self._iteration:
                self._iterated = False
        self.free()

    def free(self) -> None:
        """Free the server's resources if nothing holds the listing."""
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
        self._closed, self._listing = True, None  # After the last page the server holds nothing.
        return Fetched(page, None)

    def check_iteration(self, place: Place[R]) -> None:
        """Raise `CursorLost` if another iteration has taken the listing over."""
        if place.iteration != self._iteration:
            raise CursorLost("another iteration has taken this listing over, with the token of one of its pages")

    def _check(self, place: Place[R]) -> None:
        self.check_iteration(place)
        if place.position != self._position:
            raise CursorLost("a page of this listing was fetched but did not arrive")
        if self._closed:
            raise CursorLost("this listing was closed")
