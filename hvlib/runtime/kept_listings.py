"""KeptListings: the listings whose page tokens were handed out, so that ``get_all(after=token)`` continues them."""

from __future__ import annotations

import threading
from typing import Any, TypeVar
from uuid import uuid4

import msgspec

from hvlib.driver import PageToken
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib.runtime.clock import Clock
from hvlib.runtime.deferred import DeferredFrees
from hvlib.runtime.listing import Place

__all__ = ["KEPT_SECONDS", "MAX_KEPT", "KeptListings", "servers_token"]

R = TypeVar("R", bound=Resource)

MAX_KEPT = 16
"""The number of listings that are kept. The oldest are dropped where there are more."""

KEPT_SECONDS = 300.0
"""Seconds for which a listing is kept after its latest page."""

NAME_LENGTH = 12


class Kept(msgspec.Struct, frozen=True):
    """A listing, as it was after the page whose token was handed out.

    | place: the listing, and its position after that page
    | token: the server's own token for that position; None if it has none
    | at: the time of that page
    | ahead: whether the listing has since fetched more, so that only the server's token leads back to that position
    """

    place: Place[Any]
    token: PageToken | None
    at: float
    ahead: bool


class KeptListings:
    """Listings, by the name that their latest page token begins with. Shared by threads.

    A page token reads NAME:TOKEN, where TOKEN is the server's own token, "" if it has none. In another process it is
    valid wherever the server's token is.
    """

    def __init__(self, clock: Clock, deferred: DeferredFrees) -> None:
        self._clock = clock
        self._deferred = deferred
        self._kept: dict[str, Kept] = {}
        self._lock = threading.Lock()

    def keep(self, place: Place[Any], token: PageToken | None, *, ahead: bool) -> PageToken:
        """Keep a listing after a page. Returns the page's token for users."""
        name = uuid4().hex[:NAME_LENGTH]
        with self._lock:
            self._remove(place)
            if ahead:
                place.run.drop()
            else:
                place.run.keep(place)
            self._kept[name] = Kept(place, token, self._clock.now(), ahead)
            self._drop_old()
        return PageToken(f"{name}:{token or ''}")

    def take(self, after: PageToken, query: Query[R]) -> Place[R] | None:
        """Take the listing of a page token over from its present iteration.

        Returns None if the listing can only be continued by the server's own token.
        """
        name, token = _parts(after)
        with self._lock:
            self._drop_old()
            kept = self._kept.get(name)
            if kept is None or (kept.token or "") != token or not _continues(kept, query):
                return None
            if kept.ahead:
                del self._kept[name]
                kept.place.run.revoke(kept.place)
                self._deferred.add(kept.place.run.free)
                return None
            place: Place[R] | None = kept.place.run.take_over(kept.place)
            if place is not None:
                del self._kept[name]
            return place

    def forget(self, place: Place[Any]) -> None:
        """Stop keeping this iteration's listing. The server's resources are freed once the iteration leaves it."""
        with self._lock:
            if self._remove(place):
                place.run.drop()

    def drop_old(self) -> None:
        """Drop the listings that were kept for `KEPT_SECONDS`."""
        if self._kept:
            with self._lock:
                self._drop_old()

    def clear(self) -> None:
        """Drop all listings: the provider is closed, and the server has freed everything with the session."""
        with self._lock:
            self._kept.clear()

    def _remove(self, place: Place[Any]) -> bool:
        """Remove this iteration's listing. Returns whether it was kept."""
        wanted = (place.run, place.iteration)
        names = [name for name, kept in self._kept.items() if (kept.place.run, kept.place.iteration) == wanted]
        for name in names:
            del self._kept[name]
        return bool(names)

    def _drop_old(self) -> None:
        oldest = self._clock.now() - KEPT_SECONDS
        surplus = len(self._kept) - MAX_KEPT
        for number, (name, kept) in enumerate(list(self._kept.items())):
            if number < surplus or kept.at < oldest:
                del self._kept[name]
                kept.place.run.drop()
                self._deferred.add(kept.place.run.free)


def servers_token(after: PageToken) -> PageToken:
    """The server's own token in a page token. Raises `CursorLost` if there is none."""
    _, token = _parts(after)
    if not token:
        raise CursorLost("the listing of this page token is not kept any more, or another iteration continues it")
    return PageToken(token)


def _parts(after: PageToken) -> tuple[str, str]:
    name, colon, token = after.partition(":")
    if not colon or len(name) != NAME_LENGTH:
        raise CursorLost(f"{after!r} is not a page token")
    return name, token


def _continues(kept: Kept, query: Query[Any]) -> bool:
    """Whether a query continues a listing: it names the same objects and properties, and the same page size.

    Another page size is ignored where only this listing, and no token of the server, can continue.
    """
    earlier = kept.place.run.query
    same_size = kept.token is None or earlier.page_size == query.page_size
    return same_size and _content(earlier) == _content(query)


def _content(query: Query[Any]) -> tuple[object, ...]:
    """The objects and properties of a query, for comparison: their order does not matter."""
    filters = frozenset((each.field, frozenset(each.alternatives)) for each in query.filters)
    native = query.native if isinstance(query.native, bool) else frozenset(query.native)
    return query.record_type, filters, native
