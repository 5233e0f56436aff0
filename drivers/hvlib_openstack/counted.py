"""CountedAdapter: the base of kinds whose service can't be asked for several objects by their identifiers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from math import ceil
from typing import Any, TypeVar

from hvlib.driver import PageToken
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.joins import MAX_SINGLE_READS
from hvlib_openstack.paging import CollectionPage
from hvlib_openstack.wire.client import Client
from hvlib_openstack.wire.rows import Rows

__all__ = ["CountedAdapter"]

R = TypeVar("R", bound=Resource)

MAX_WITHOUT_COUNT = 2
"""How many objects of a collection of several pages are read one by one without asking how many there are."""


class CountedAdapter(TableAdapter[R]):
    """Reads several objects one by one or in pages, whichever takes fewer round trips.

    A first page that is the last one settles it. Else the service is asked how many objects it has: after the first
    page, or instead of it where an earlier listing of this session had several pages.
    """

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._page_length = 0
        """Objects of a page that others followed; 0: none is known that others followed."""

    @abstractmethod
    def count(self, first: CollectionPage[Any] | None) -> int | None:
        """How many objects can be read, by the service; None: it does not tell. At most one round trip.

        | first: the first page of them, if it has been read
        """

    def page(
        self, query: Query[R], rows: Rows, after: PageToken | None
    ) -> tuple[CollectionPage[Any], PageToken | None]:
        """`TableAdapter.page`."""
        page, token = super().page(query, rows, after)
        if after is None and token is not None and query.page_size is None:
            self._page_length = len(page.items)
        return page, token

    def found(self, rows: Rows, ids: set[str]) -> list[Any]:
        """`TableAdapter.found`: min(objects, pages) round trips, and one; another one if no page was known before."""
        length = self._page_length
        if length and self._are_few(ids, length, None):
            return self.each(rows, ids)
        self._page_length = 0
        found: dict[str, Any] = {}
        for page in self.pages(rows, *self.chosen(sorted(ids))):
            found |= rows.among(page.items, ids)
            missing = ids - found.keys()
            if page.next is None or not missing:
                break
            self._page_length = len(page.items)
            if len(missing) == 1 or (not length and self._are_few(missing, len(page.items), page)):
                return [*found.values(), *self.each(rows, missing)]
            length = len(page.items)
        return [*found.values(), *self._probe(rows, ids, found)]

    def _probe(self, rows: Rows, ids: set[str], found: Mapping[str, Any]) -> list[Any]:
        """One of many objects that no page has, by itself: pages do not say that a cell of theirs is down.

        The others are taken for gone if this one is: to ask for each of them would take a round trip for each.
        """
        missing = ids - found.keys()
        asked = self._page_length and len(ids) > MAX_SINGLE_READS
        return self.each(rows, {min(missing)}) if missing and asked else []

    def _are_few(self, ids: set[str], length: int, first: CollectionPage[Any] | None) -> bool:
        """Whether there are no more of these objects than pages of a length to read. At most one round trip."""
        if len(ids) <= MAX_WITHOUT_COUNT:
            return True
        if len(ids) > MAX_SINGLE_READS:
            return False
        count = self.count(first)
        read = 0 if first is None else len(first.items)
        return count is None or len(ids) <= ceil((count - read) / length)
