"""Listing: a listing under way, which a driver's adapter opens and core fetches page by page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

import msgspec

from hvlib.model.page import PageToken
from hvlib.model.resources import Resource

__all__ = ["Listing", "ServerPage"]

R = TypeVar("R", bound=Resource)


class ServerPage(msgspec.Struct, Generic[R], frozen=True):
    """One page of a listing.

    | last: whether no page comes after it
    | total: the number of all objects, where the server counts and no filter was sent
    """

    items: Sequence[R]
    last: bool = True
    total: int | None = None


class Listing(ABC, Generic[R]):
    """A listing under way. One thread at a time calls `fetch` or `close`, not always the same one."""

    token: PageToken | None = None
    """Where another session or process can go on after the page fetched last; None where only this object can."""

    @abstractmethod
    def fetch(self) -> ServerPage[R]:
        """The next page: one round trip, and a constant for the first. Not called after the last page.

        Called again after an error, it gives the page that the error kept back, or raises `CursorLost`. After
        `SessionLost` core logs in, and calls it again.
        """

    def pages(self) -> Iterator[ServerPage[R]]:
        """The pages from here to the last one, for a driver that needs them all. Closes what is left of it."""
        last = False
        try:
            while not last:
                page = self.fetch()
                last = page.last
                yield page
        finally:
            if not last:
                self.close()

    def close(self) -> None:
        """Free what the server holds for the pages that were not fetched. Bounded; never raises; no `fetch` follows."""
