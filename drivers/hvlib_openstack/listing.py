"""MarkerListing: the pages of a collection, and the joins that were read with the first page."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from hvlib.driver import Page, PageToken, TokenListing
from hvlib.model.resources import Resource
from hvlib_openstack.paging import CollectionPage

__all__ = ["Joins", "MarkerListing"]

R = TypeVar("R", bound=Resource)

Joins = Mapping[str, Mapping[str, Any]]
"""The joined values, by the join's name."""

MAX_AGE = 300.0
"""Seconds after which joins are read again. They may be all of a region's ports, and ports change."""


class MarkerListing(TokenListing[R]):
    """One GET for each page, and one more for joins, which are read with the first page for all objects.

    | read: the page after a token, and the token for the next one
    | join: reads the joins of a page's items; None: of all objects
    | build: makes the records of a page's items
    """

    def __init__(
        self,
        after: PageToken | None,
        read: Callable[[PageToken | None], tuple[CollectionPage[Any], PageToken | None]],
        join: Callable[[Sequence[Any] | None], Joins],
        build: Callable[[Sequence[Any], Joins], Sequence[R]],
    ) -> None:
        super().__init__(self._page, after)
        self._first = after is None
        self._read_page = read
        self._join = join
        self._build = build
        self._joins: Joins | None = None
        self._joined_at = 0.0

    def _page(self, after: PageToken | None) -> Page[R]:
        page, following = self._read_page(after)
        if self._joins is None or time.monotonic() - self._joined_at > MAX_AGE:
            self._joins = self._join(page.items if self._first and following is None else None)
            self._joined_at = time.monotonic()
        self._first = False
        return Page(self._build(page.items, self._joins), following)
