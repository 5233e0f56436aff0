"""Listings that go on: what was joined with their first page, for all of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from hvlib.driver import PageToken

__all__ = ["Joins", "Listing", "Listings"]

Joins = Mapping[str, Mapping[str, Any]]
"""What was joined, by the join's name."""

KEPT = 8
"""Listings, the last ones: of those that nobody goes on with, nobody hears."""

FRESH = 300.0
"""Seconds for which what was joined may be told. It is all of a region's ports, and these change."""


class Listing(msgspec.Struct, frozen=True):
    """What was joined, and when, on the monotonic clock."""

    joins: Joins
    at: float


class Listings:
    """Of each listing that may go on, by the token of its next page. For any thread."""

    def __init__(self) -> None:
        self._kept: dict[PageToken, Listing] = {}

    def take(self, token: PageToken | None) -> Listing | None:
        """What was joined for this page, once."""
        listing = None if token is None else self._kept.pop(token, None)
        return listing if listing is not None and time.monotonic() - listing.at < FRESH else None

    def keep(self, token: PageToken, listing: Listing) -> None:
        """For this page."""
        self._kept[token] = listing
        for oldest in list(self._kept)[:-KEPT]:
            self._kept.pop(oldest, None)

    def forget(self, token: PageToken) -> None:
        """Nobody goes on there."""
        self._kept.pop(token, None)
