"""RowListing: the listing of a class. XenAPI sends it in one reply, whose rows are kept until the last page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from hvlib.driver import Listing, ServerPage
from hvlib.driver.table import Records
from hvlib.model.resources import Resource
from hvlib_xenapi.wire.rows import Row

__all__ = ["RowListing", "Rows"]

R = TypeVar("R", bound=Resource)


class Rows(msgspec.Struct, Generic[R], frozen=True):
    """The rows of a kind's objects by reference, and the functions that make records of them.

    | refs: the references of the objects that are of the kind, in the order of the listing
    | total: the number of these objects; None if the query has filters
    """

    records: Records[R]
    rows: dict[str, Row]
    refs: Sequence[str]
    total: int | None


class RowListing(Listing[R]):
    """The pages of a kind. The listing can't be resumed elsewhere: the server does not know its position."""

    def __init__(self, read: Callable[[], Rows[R]], size: int) -> None:
        self._read = read
        self._size = size
        self._rows: Rows[R] | None = None
        self._start = 0

    def fetch(self) -> ServerPage[R]:
        """Return the next page. The first page takes the round trips of ``read``, the others take none."""
        rows = self._rows = self._rows or self._read()
        end = self._start + self._size
        items = rows.records.all((ref, rows.rows[ref]) for ref in rows.refs[self._start : end])
        self._start, last = end, end >= len(rows.refs)
        return ServerPage(items, last, rows.total)

    def close(self) -> None:
        """Drop the rows."""
        self._rows = None
