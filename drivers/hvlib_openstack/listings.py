"""Listings that go on: the joins that were read with their first page serve all pages."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from hvlib.driver import PageToken

__all__ = ["Joins", "Listing", "Listings"]

Joins = Mapping[str, Mapping[str, Any]]
"""The values that were joined, by the join's name."""

MAX_LISTINGS = 8
"""How many listings are kept before the oldest is dropped: a listing that was abandoned is not reported."""

MAX_AGE = 300.0
"""Seconds for which joins may be used. They are all of a region's ports, and these change."""


class Listing(msgspec.Struct, frozen=True):
    """The joins of one listing, and when they were read, on the monotonic clock."""

    joins: Joins
    at: float


class Listings:
    """The joins of the listings that may go on, by the token of the next page. For any thread."""

    def __init__(self) -> None:
        self._kept: dict[PageToken, Listing] = {}

    def take(self, token: PageToken | None) -> Listing | None:
        """Remove and return the joins for the page of this token; None if there are none, or if they are too old."""
        listing = None if token is None else self._kept.pop(token, None)
        return listing if listing is not None and time.monotonic() - listing.at < MAX_AGE else None

    def keep(self, token: PageToken, listing: Listing) -> None:
        """Keep the joins for the page of this token."""
        self._kept[token] = listing
        for oldest in list(self._kept)[:-MAX_LISTINGS]:
            self._kept.pop(oldest, None)

    def forget(self, token: PageToken) -> None:
        """Drop the joins for the page of this token."""
        self._kept.pop(token, None)
