"""CountedAdapter: the base of kinds whose service has no request for several objects by their identifiers."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

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
"""Up to how many objects of a collection of several pages are read one by one without asking for its size."""


class CountedAdapter(TableAdapter[R]):
    """Reads several objects one by one or in pages, whichever takes fewer round trips.

    If the first page is the last one, it holds all objects. Else the service is asked how many objects it has: with
    the first page, or before it.
    """

    unseen_length: ClassVar[int] = 0
    """Objects per page until a page has been read, for a service whose first page has no count; 0: it has a count."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._page_length: int | None = None
        """Objects on a page that is not the last; 0: one page holds all objects; None: no page has been read yet."""

    @abstractmethod
    def count(self, first: CollectionPage[Any] | None) -> int | None:
        """The service's number of objects that can be read; None: it does not say. At most one round trip.

        | first: the first page of these objects, if it has been read
        """

    def page(
        self, query: Query[R], rows: Rows, after: PageToken | None
    ) -> tuple[CollectionPage[Any], PageToken | None]:
        """`TableAdapter.page`."""
        page, token = super().page(query, rows, after)
        if after is None and query.page_size is None and (token is not None or not query.filters):
            self._page_length = 0 if token is None else len(page.items)
        return page, token

    def found(self, rows: Rows, ids: set[str]) -> list[Any]:
        """`TableAdapter.found`, in min(objects, pages) + 1 round trips."""
        length, total = self._page_length, None
        if length is None and len(ids) > MAX_WITHOUT_COUNT:
            length = self.unseen_length
        if length:
            total = self._total(ids, None)
            if _are_few(ids, total, length):
                return self.each(rows, ids)
        items: dict[str, Any] = {}
        for number, page in enumerate(self.pages(rows, *self.chosen(sorted(ids)))):
            if page.next is not None:
                self._page_length = len(page.items)
            elif number == 0:
                self._page_length = 0
            items |= rows.among(page.items, ids)
            missing = ids - items.keys()
            if page.next is None or not missing:
                break
            total = (self._total(missing, page) if total is None else total) - len(page.items)
            # A collection that is larger than the service's count may have any number of pages more.
            uncounted = -math.inf < total < 0 and len(missing) <= number + 1
            if len(missing) == 1 or uncounted or _are_few(missing, total, len(page.items)):
                return [*items.values(), *self.each(rows, missing)]
        return [*items.values(), *self._probe(rows, ids, items)]

    def _probe(self, rows: Rows, ids: set[str], items: Mapping[str, Any]) -> list[Any]:
        """Read one of many objects that are on no page by itself: pages do not say that a cell is down.

        If this object is gone, the others are taken for gone too: reading each would take a round trip each.
        """
        missing = ids - items.keys()
        probing = self._page_length and len(ids) > MAX_SINGLE_READS
        return self.each(rows, {min(missing)}) if missing and probing else []

    def _total(self, ids: set[str], first: CollectionPage[Any] | None) -> float:
        """The number of objects in the collection. At most one round trip.

        No round trip for so few ids that they are read one by one in any case (infinity), or for so many that pages
        are read in any case (minus infinity).
        """
        if len(ids) <= MAX_WITHOUT_COUNT:
            return math.inf
        if len(ids) > MAX_SINGLE_READS:
            return -math.inf
        count = self.count(first)
        return math.inf if count is None else count


def _are_few(ids: set[str], total: float, length: int) -> bool:
    """Whether there are no more of these objects than pages of ``length`` objects in the collection."""
    return (len(ids) - 1) * length < total
