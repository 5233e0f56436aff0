"""Listing: a listing that a driver's adapter opens and core fetches page by page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, TypeVar

import msgspec

from hvlib.model.errors import HvlibError
from hvlib.model.page import PageToken
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["Listing", "ServerPage"]

R = TypeVar("R", bound=Resource)


class ServerPage(msgspec.Struct, Generic[R], frozen=True):
    """One page of a listing.

    | last: whether this is the last page
    | total: the number of all objects, where the server counts them and no filter was sent
    | unreadable: the objects of the page that can't be read, with the reasons. At the listing's end core raises
      `PartialResult`
    """

    items: Sequence[R]
    last: bool = True
    total: int | None = None
    unreadable: Mapping[Ref, HvlibError] = {}


class Listing(ABC, Generic[R]):
    """A listing under way. One thread at a time calls `fetch` or `close`; it need not be the same thread each time."""

    token: PageToken | None = None
    """Where another session or process can continue after the latest page; None where only this object can continue."""

    @abstractmethod
    def fetch(self) -> ServerPage[R]:
        """The next page, in one round trip; the first page may take a constant number more.

        Core does not call it after the last page. A call after an error returns the page that failed, or raises
        `CursorLost`. After `SessionLost` core logs in and calls it again.
        """

    def pages(self) -> Iterator[ServerPage[R]]:
        """The remaining pages, for a driver that needs all of them. Closes the listing if the caller stops early."""
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
        """Free what the server holds for pages that were not fetched.

        Ends within a bounded time; never raises. Core calls `fetch` no more.
        """
