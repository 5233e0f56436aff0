"""KeptListings: the listings whose page tokens were handed out, so that ``get_all(after=token)`` goes on with them."""

from __future__ import annotations

import secrets
import threading
from typing import Any, TypeVar

import msgspec

from hvlib.driver import PageToken
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib.runtime.clock import Clock
from hvlib.runtime.deferred import DeferredFrees
from hvlib.runtime.listing import ListingRun

__all__ = ["KEPT_SECONDS", "MAX_KEPT", "KeptListings", "servers_token"]

R = TypeVar("R", bound=Resource)

MAX_KEPT = 16
"""Listings that are kept; of more, the oldest are dropped."""

NAME_LENGTH = 12

KEPT_SECONDS = 300.0
"""Seconds for which a listing is kept after the last page that it gave."""


class Kept(msgspec.Struct):
    """A listing, where it can go on without this object, and when it gave its last page."""

    run: ListingRun[Any]
    token: PageToken | None
    at: float


class KeptListings:
    """Listings by the name that their latest page token begins with. Shared by threads.

    A token reads NAME:TOKEN, where TOKEN is the server's own, "" if it has none: it is good in another process where
    the server's is.
    """

    def __init__(self, clock: Clock, deferred: DeferredFrees) -> None:
        self._clock = clock
        self._deferred = deferred
        self._kept: dict[str, Kept] = {}
        self._lock = threading.Lock()

    def keep(self, run: ListingRun[Any], token: PageToken | None) -> PageToken:
        """Keep a listing that has given a page. Returns that page's token for users."""
        name = secrets.token_hex(NAME_LENGTH // 2)
        with self._lock:
            self._put(name, Kept(run, token, self._clock.now()))
        return PageToken(f"{name}:{token or ''}")

    def take(self, after: PageToken, query: Query[R]) -> ListingRun[R] | None:
        """The listing that a page token stands for, taken from who iterates over it; None if it does not go on so."""
        name, _ = _parts(after)
        with self._lock:
            self._drop_old()
            kept = self._kept.get(name)
            if kept is None or not _continues(kept, query):
                return None
            del self._kept[name]
            kept.run.kept = False
            kept.run.take_over()
            return kept.run

    def withdraw(self, run: ListingRun[Any]) -> tuple[str, Kept] | None:
        """Keep a listing no longer: its token is the server's own from now on. Returns what `restore` takes."""
        with self._lock:
            found = next(((name, kept) for name, kept in self._kept.items() if kept.run is run), None)
            if found is not None:
                del self._kept[found[0]]
                run.kept = False
        return found

    def restore(self, withdrawn: tuple[str, Kept] | None) -> None:
        """Keep a listing that was withdrawn, as before."""
        if withdrawn is not None:
            with self._lock:
                self._put(*withdrawn)

    def _put(self, name: str, kept: Kept) -> None:
        kept.run.kept = True
        self._kept[name] = kept
        self._drop_old()

    def _drop_old(self) -> None:
        oldest = self._clock.now() - KEPT_SECONDS
        surplus = len(self._kept) - MAX_KEPT
        for number, (name, kept) in enumerate(list(self._kept.items())):
            if number < surplus or kept.at < oldest:
                del self._kept[name]
                kept.run.kept = False
                self._deferred.add(kept.run.close)


def servers_token(after: PageToken) -> PageToken:
    """The server's own token in a page token. Raises `CursorLost` if there is none."""
    _, token = _parts(after)
    if not token:
        raise CursorLost("the listing that this page token stands for is not kept any more, or goes on elsewhere")
    return PageToken(token)


def _parts(after: PageToken) -> tuple[str, str]:
    name, colon, token = after.partition(":")
    if not colon or len(name) != NAME_LENGTH:
        raise CursorLost(f"{after!r} is no page token")
    return name, token


def _continues(kept: Kept, query: Query[Any]) -> bool:
    """Whether the listing is what the query asks for. Pages keep their size where no other listing can go on."""
    size = query.page_size if kept.token is not None else kept.run.query.page_size
    return kept.run.query == msgspec.structs.replace(query, page_size=size)
