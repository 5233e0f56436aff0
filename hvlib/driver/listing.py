"""Listing: a listing under way, which a driver's adapter opens and core fetches page by page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from hvlib.model.errors import ProtocolError
from hvlib.model.page import Page, PageToken
from hvlib.model.resources import Resource

__all__ = ["Listing", "ServerPage", "TokenListing"]

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

    def close(self) -> None:
        """Free what the server holds for the pages that were not fetched. Never raises; no `fetch` follows."""


class TokenListing(Listing[R]):
    """A listing whose server says with each page where the next one begins, to whoever asks: it holds nothing.

    ``read`` gives the page at a token, None for the first one. It raises `CursorLost` for a token that can't be
    continued.
    """

    def __init__(self, read: Callable[[PageToken | None], Page[R]], after: PageToken | None) -> None:
        self.token = after
        self._read = read
        self._passed: set[PageToken | None] = {after}

    def fetch(self) -> ServerPage[R]:
        """`Listing.fetch`. Raises `ProtocolError` if the next page is one that was there before: there is no end."""
        page = self._read(self.token)
        if page.next is not None and page.next in self._passed:
            raise ProtocolError("the server's next page was there before: the listing has no end")
        self._passed.add(page.next)
        self.token = page.next
        return ServerPage(page.items, page.next is None, page.total)
