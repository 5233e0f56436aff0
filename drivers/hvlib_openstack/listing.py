"""MarkerListing: the pages of a collection, and the joins that were read with the first of them."""

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
"""The values that were joined, by the join's name."""

MAX_AGE = 300.0
"""Seconds for which joins may be used. They are all of a region's ports, and these change."""


class MarkerListing(TokenListing[R]):
    """A GET for each page, one more for what is joined: it is read with the first page, for all.

    | read: the page after a token, and the token for the next one
    | join: reads what is joined to the items of a page; None: to all objects
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
