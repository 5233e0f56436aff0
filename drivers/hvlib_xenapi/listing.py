"""RowListing: a listing of a class. XenAPI answers it in one reply, whose rows are kept until the last page."""

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
    """The rows of a kind's objects by reference, and what makes records of them.

    | refs: the objects that are of the kind, in the order of the listing
    | total: how many there are; None where a filter was sent
    """

    records: Records[R]
    rows: dict[str, Row]
    refs: Sequence[str]
    total: int | None


class RowListing(Listing[R]):
    """The pages of a kind. Nobody else can go on with it: no server knows its place."""

    def __init__(self, read: Callable[[], Rows[R]], size: int) -> None:
        self._read = read
        self._size = size
        self._rows: Rows[R] | None = None
        self._start = 0

    def fetch(self) -> ServerPage[R]:
        """``read``'s round trips for the first page, none for the others."""
        rows = self._rows = self._rows or self._read()
        end = self._start + self._size
        items = rows.records.all((ref, rows.rows[ref]) for ref in rows.refs[self._start : end])
        self._start, last = end, end >= len(rows.refs)
        return ServerPage(items, last, rows.total)

    def close(self) -> None:
        """Drop the rows."""
        self._rows = None
