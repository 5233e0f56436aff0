"""Listings: paged by the server's PropertyCollector, or read as a whole before the first page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hvlib.driver import Listing, ServerPage
from hvlib.model.resources import Resource
from hvlib_vsphere.data_objects import Row
from hvlib_vsphere.records import RecordMaker
from hvlib_vsphere.wire.paging import Retrieval

__all__ = ["JoinedListing", "PropertyListing"]

R = TypeVar("R", bound=Resource)


class PropertyListing(Listing[R]):
    """The pages of a kind. Another session can't continue the listing: the server's token ends with the session."""

    def __init__(self, retrieval: Retrieval, records: RecordMaker[R], size: int) -> None:
        self._retrieval = retrieval
        self._records = records
        self._size = size

    def fetch(self) -> ServerPage[R]:
        """One round trip; the first listing of a kind also makes its view: one more."""
        items: list[R] = []
        self._retrieval.fetch(self._records.collect(items), self._size)
        return ServerPage(items, self._retrieval.last)

    def close(self) -> None:
        """`Retrieval.close`."""
        self._retrieval.close()


class JoinedListing(Listing[R]):
    """The pages of a kind to which other objects are joined.

    All rows are read before the first page, so the join takes one round trip for any page size.

    | read: reads the rows, and the objects that are joined to them
    """

    def __init__(self, read: Callable[[], Sequence[Row]], records: RecordMaker[R], size: int) -> None:
        self._read = read
        self._records = records
        self._size = size
        self._rows: Sequence[Row] | None = None
        self._start = 0

    def fetch(self) -> ServerPage[R]:
        """The round trips of ``read`` for the first page, none for the other pages."""
        rows = self._rows if self._rows is not None else self._read()
        end = self._start + self._size
        items = self._records.all(rows[self._start : end])
        self._rows, self._start = rows, end
        return ServerPage(items, end >= len(rows), None)

    def close(self) -> None:
        """Drop the rows."""
        self._rows = None
