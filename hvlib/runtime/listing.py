"""ListingRun: a driver's listing, opened when its first page is fetched; freed once nobody can go on with it."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

import msgspec

from hvlib.driver import Listing, PageToken, ServerPage, Session
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib.model.resources import Resource

__all__ = ["Fetched", "ListingRun"]

R = TypeVar("R", bound=Resource)


class Fetched(msgspec.Struct, Generic[R], frozen=True):
    """A page, and the server's own token for what comes after it."""

    page: ServerPage[R]
    token: PageToken | None


class ListingRun(Generic[R]):
    """A listing that one iteration has at a time. It knows neither provider nor records, so that it keeps none alive.

    | iterated, kept: whether an iteration has it, and whether it is kept for a token that was handed out
    """

    def __init__(self, query: Query[R], after: PageToken | None) -> None:
        self.query = query
        self.iterated = True
        self.kept = False
        self._after = after
        self._listing: Listing[R] | None = None
        self.owner: object = object()
        """The proof that an iteration has the listing: another one takes it by putting another proof here."""
        self._closed = False
        self._lock = threading.Lock()

    def take_over(self) -> None:
        """Give the listing to another iteration."""
        self.owner, self.iterated = object(), True

    def check_owner(self, proof: object) -> None:
        """Raise `CursorLost` if another iteration has taken the listing over."""
        if proof is not self.owner:
            raise CursorLost("another iteration has taken this listing over, by the token of its page")

    def fetch(self, session: Session) -> Fetched[R]:
        """The next page. `hvlib.driver.Listing.fetch`."""
        if self._listing is None:
            self._listing = session.adapters[self.query.kind].open(self.query, self._after)
        page = self._listing.fetch()
        if page.last:
            self._closed = True  # Nothing is held for pages that there are not.
        return Fetched(page, None if page.last else self._listing.token)

    def close(self) -> None:
        """Free what the server holds, unless somebody has the listing still. Not while a page is being fetched."""
        with self._lock:
            if self._closed or self.iterated or self.kept:
                return
            self._closed = True
        if self._listing is not None:
            self._listing.close()
