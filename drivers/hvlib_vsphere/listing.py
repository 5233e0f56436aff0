"""Listings: paged by the server's PropertyCollector, or read as a whole before the first page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hvlib.driver import Listing, ServerPage
from hvlib.model.resources import Resource
from hvlib_vsphere.property.retrieval import Retrieval
from hvlib_vsphere.records import Collected, RecordMaker

__all__ = ["PropertyListing", "WholeListing"]

R = TypeVar("R", bound=Resource)


class PropertyListing(Listing[R]):
    """The pages of a kind. Another session can't continue the listing: the server's token ends with the session."""

    def __init__(self, retrieval: Retrieval, records: RecordMaker[R], size: int) -> None:
        self._retrieval = retrieval
        self._records = records
        self._size = size

    def fetch(self) -> ServerPage[R]:
        """One round trip; the first listing of a kind also makes its view: one more."""
        collected = Collected[R]()
        self._retrieval.fetch(self._records.collect(collected), self._size)
        return ServerPage(collected.items, self._retrieval.last, unreadable=collected.unreadable)

    def close(self) -> None:
        """`Retrieval.close`."""
        self._retrieval.close()


class WholeListing(Listing[R]):
    """The pages of a kind that is read as a whole before the first page.

    | read: reads all records
    """

    def __init__(self, read: Callable[[], Collected[R]], size: int) -> None:
        self._read = read
        self._size = size
        self._collected: Collected[R] | None = None
        self._start = 0

    def fetch(self) -> ServerPage[R]:
        """The round trips of ``read`` for the first page, none for the other pages."""
        collected = self._collected if self._collected is not None else self._read()
        end = self._start + self._size
        items, last = collected.items[self._start : end], end >= len(collected.items)
        self._collected, self._start = collected, end
        return ServerPage(items, last, unreadable=collected.unreadable if last else {})

    def close(self) -> None:
        """Drop the records."""
        self._collected = None
