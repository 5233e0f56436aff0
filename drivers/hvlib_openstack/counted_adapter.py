"""CountedAdapter: the base of kinds whose service can't be asked for several objects by their identifiers."""

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
"""How many objects of a collection of several pages are read one by one without asking how many there are."""


class CountedAdapter(TableAdapter[R]):
    """Reads several objects one by one or in pages, whichever takes fewer round trips.

    A first page that is the last one settles it. Else the service is asked how many objects it has: with the first
    page, or before it.
    """

    unseen_length: ClassVar[int] = 0
    """Objects of a page while none was seen, for a service that does not count with the first page; 0: it does."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._page_length: int | None = None
        """Objects of a page that others follow; 0: one page has all; None: no page was seen yet."""

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
        if after is None and query.page_size is None and (token is not None or not query.filters):
            self._page_length = 0 if token is None else len(page.items)
        return page, token

    def found(self, rows: Rows, ids: set[str]) -> list[Any]:
        """`TableAdapter.found`: min(objects, pages) round trips, and one."""
        length, total = self._page_length, None
        if length is None and len(ids) > MAX_WITHOUT_COUNT:
            length = self.unseen_length
        if length:
            total = self._total(ids, None)
            if _are_few(ids, total, length):
                return self.each(rows, ids)
        found: dict[str, Any] = {}
        for number, page in enumerate(self.pages(rows, *self.chosen(sorted(ids)))):
            found |= rows.among(page.items, ids)
            missing = ids - found.keys()
            if page.next is None:
                self._page_length = len(page.items) if number else 0
                break
            self._page_length = len(page.items)
            if not missing:
                break
            total = (self._total(missing, page) if total is None else total) - len(page.items)
            if -math.inf < total <= 0:
                total = math.inf  # There are more than the service counted.
            if len(missing) == 1 or _are_few(missing, total, len(page.items)):
                return [*found.values(), *self.each(rows, missing)]
        return [*found.values(), *self._probe(rows, ids, found)]

    def _probe(self, rows: Rows, ids: set[str], found: Mapping[str, Any]) -> list[Any]:
        """One of many objects that no page has, by itself: pages do not say that a cell of theirs is down.

        The others are taken for gone if this one is: to ask for each of them would take a round trip for each.
        """
        missing = ids - found.keys()
        asked = self._page_length and len(ids) > MAX_SINGLE_READS
        return self.each(rows, {min(missing)}) if missing and asked else []

    def _total(self, ids: set[str], first: CollectionPage[Any] | None) -> float:
        """How many objects there are. At most one round trip, and none where these are few or many anyway."""
        if len(ids) <= MAX_WITHOUT_COUNT:
            return math.inf
        if len(ids) > MAX_SINGLE_READS:
            return -math.inf
        count = self.count(first)
        return math.inf if count is None else count


def _are_few(ids: set[str], total: float, length: int) -> bool:
    """Whether there are no more of these objects than pages of a length."""
    return (len(ids) - 1) * length < total
