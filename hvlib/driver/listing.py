"""Listing: a listing under way, which a driver's adapter opens and core fetches page by page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import msgspec

from hvlib.model.errors import CursorLost, ProtocolError
from hvlib.model.page import Page, PageToken
from hvlib.model.resources import Resource

__all__ = ["Listing", "PositionListing", "ServerPage", "Slice", "TokenListing"]

R = TypeVar("R", bound=Resource)

OVERLAP = 10
"""Objects, at most, that a page read by position begins before its first one."""


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


class Slice(msgspec.Struct, Generic[R], frozen=True):
    """A part of a server's list.

    | objects: the identifier of each, and its record; None for one that is not of the kind
    | last: whether nothing comes after it
    | total: as in `ServerPage`
    """

    objects: Sequence[tuple[str, R | None]]
    last: bool
    total: int | None = None


class PositionListing(Listing[R]):
    """A listing whose server pages by position (``offset=``), in an order that never changes.

    When objects are deleted, those behind them move up. So each page is read from `OVERLAP` objects earlier, and begins
    behind the last of those that were there before. `CursorLost` if none of them is there any more, and for ``after``:
    a position is none in another listing.

    | read: the objects from a position on, at most so many. A server may give fewer, if more than `OVERLAP`
    | size: objects a page
    """

    def __init__(self, read: Callable[[int, int], Slice[R]], size: int, after: PageToken | None = None) -> None:
        if after is not None:
            raise CursorLost("only a listing itself can go on here")
        self._read = read
        self._size = size
        self._position = 0
        self._before: Sequence[str] = ()

    def fetch(self) -> ServerPage[R]:
        """`Listing.fetch`."""
        start = self._position - len(self._before)
        part = self._read(start, self._size + len(self._before))
        ids = [id for id, _ in part.objects]
        first = self._first_new(ids)
        end = min(first + self._size, len(ids))
        last = part.last and end == len(ids)
        if first == end and not last:
            raise ProtocolError("the server's pages have no end, or are too short")
        self._position = start + end
        self._before = ids[max(end - OVERLAP, 0) : end]
        return ServerPage([record for _, record in part.objects[first:end] if record is not None], last, part.total)

    def _first_new(self, ids: Sequence[str]) -> int:
        if not self._before:
            return 0
        old = [index for index, id in enumerate(ids) if id in self._before]
        if not old:
            raise CursorLost("too many objects were deleted while they were listed")
        return old[-1] + 1
