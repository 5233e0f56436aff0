"""Listings under way. XenAPI answers a class in one reply: its rows are kept here until the last page is taken."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import msgspec

from hvlib.driver import PageToken
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib_xenapi.table import Records
from hvlib_xenapi.wire.rows import Row

__all__ = ["Listing", "Listings"]

KEPT_LISTINGS = 64
"""Listings that are kept; of more, the oldest is forgotten."""


class Listing(msgspec.Struct, eq=False):
    """One listing: the rows of its own class, and what makes records of them and the joined ones."""

    query: Query[Any]
    records: Records[Any]
    rows: dict[str, Row]
    refs: list[str]
    total: int | None
    id: str = msgspec.field(default_factory=lambda: uuid4().hex)


class Listings:
    """The listings of a session that are under way. They outlive a lost login: what they hold was all sent before."""

    def __init__(self) -> None:
        self._kept: dict[str, Listing] = {}
        self._lock = threading.Lock()

    def keep(self, listing: Listing, offset: int) -> PageToken:
        """Keep a listing that goes on at this offset; return the token of its next page."""
        with self._lock:
            self._kept[listing.id] = listing
            if len(self._kept) > KEPT_LISTINGS:
                del self._kept[next(iter(self._kept))]
        return PageToken(f"{listing.id}:{offset}")

    def find(self, token: PageToken, query: Query[Any]) -> tuple[Listing, int]:
        """The listing of a token, and where it goes on. Raises `CursorLost`."""
        id, _, offset = token.partition(":")
        with self._lock:
            listing = self._kept.get(id)
        if listing is None or not (offset.isascii() and offset.isdigit()):
            raise CursorLost("this page token belongs to a listing that is not kept", hint="begin the listing again")
        if listing.query.record_type is not query.record_type or listing.query.filters != query.filters:
            raise CursorLost("this page token belongs to a listing of other fields or filters")
        return listing, int(offset)

    def drop(self, listing: Listing) -> None:
        """Forget a listing that has ended."""
        with self._lock:
            self._kept.pop(listing.id, None)

    def release(self, token: PageToken) -> None:
        """Release the listing's rows."""
        with self._lock:
            self._kept.pop(token.partition(":")[0], None)

    def clear(self) -> None:
        """Drop every listing that is under way."""
        with self._lock:
            self._kept.clear()
