"""PositionListing: a listing for servers that page by position."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from hvlib.driver.listing import Listing, ServerPage
from hvlib.model.errors import CursorLost, ProtocolError
from hvlib.model.page import PageToken
from hvlib.model.resources import Resource

__all__ = ["PositionListing", "Slice"]

R = TypeVar("R", bound=Resource)

OVERLAP = 10
"""The largest number of objects of the page before that are read again with a page."""


class Slice(msgspec.Struct, Generic[R], frozen=True):
    """A part of a server's list.

    | objects: each object's identifier and record; the record is None if the object is not of the kind
    | last: whether this is the end of the list
    | total: as in `ServerPage`
    """

    objects: Sequence[tuple[str, R | None]]
    last: bool
    total: int | None = None


class PositionListing(Listing[R]):
    """A listing whose server pages by position (``offset=``), in an order that never changes.

    When objects are deleted, the objects after them move up. So each page is read from `OVERLAP` objects earlier, and
    begins after the last object that the page before had too. Raises `CursorLost` if all of these are gone, and for any
    ``after``: a position of one listing means nothing in another.

    | read: takes a position and a count, and returns at most so many objects from there on. A server may return fewer,
      but more than `OVERLAP`
    | size: objects a page
    """

    def __init__(self, read: Callable[[int, int], Slice[R]], size: int, after: PageToken | None = None) -> None:
        if after is not None:
            raise CursorLost("a listing of this server can't be continued from a page token")
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
