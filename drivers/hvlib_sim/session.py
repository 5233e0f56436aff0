"""A session with a lab: its calls are what a server would see as round trips."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from hvlib.driver import About, Adapter, Context, Feed, Secret, Session, SessionLost, WatchCursor
from hvlib.model.errors import Closed, ConnectionTimeout, HvlibError
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib_sim.adapter import LabAdapter
from hvlib_sim.cluster import Clusters
from hvlib_sim.faults import Faults
from hvlib_sim.feed import LabFeed
from hvlib_sim.flavor import Flavors
from hvlib_sim.host import Hosts
from hvlib_sim.image import Images
from hvlib_sim.lab import Lab
from hvlib_sim.network import Networks
from hvlib_sim.snapshot import Snapshots
from hvlib_sim.storage_pool import StoragePools
from hvlib_sim.task import Tasks
from hvlib_sim.vm import VMs
from hvlib_sim.volume import Volumes

__all__ = ["LabSession"]

ADAPTERS: tuple[type[LabAdapter[Any]], ...] = (
    VMs,
    Hosts,
    Clusters,
    Snapshots,
    Flavors,
    Networks,
    StoragePools,
    Volumes,
    Images,
    Tasks,
)


class LabSession(Session):
    """One login to a lab.

    ``find_lab`` gives the lab; it is called once, at the first login, and what it gave is closed with the session.
    ``latency`` seconds go by in each call, and it meets the ``faults`` that are meant for it.
    """

    def __init__(
        self, find_lab: Callable[[], Lab], context: Context, password: Secret | None, latency: float, faults: Faults
    ) -> None:
        self.context = context
        self._find_lab = find_lab
        self._lab: Lab | None = None
        self._password = password
        self._latency = latency
        self._faults = faults
        self._token: str | None = None
        self._lock = threading.Lock()
        self._logging_in = threading.Lock()
        self._closed = threading.Event()
        self._feeds: weakref.WeakSet[LabFeed] = weakref.WeakSet()
        self._adapters: dict[type[Resource], LabAdapter[Any]] = {adapter.kind: adapter(self) for adapter in ADAPTERS}

    @property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        """All kinds, on every lab."""
        return self._adapters

    @property
    def native(self) -> Lab:
        """The lab itself."""
        return self.lab

    @property
    def lab(self) -> Lab:
        """The lab; made or opened now if it is not there yet."""
        with self._lock:
            if self._lab is None:
                if self.closed:
                    raise Closed("the session was closed")
                self._lab = self._find_lab()
            return self._lab

    @property
    def token(self) -> str | None:
        """What the lab knows the session by; None while it is not logged in."""
        return self._token

    @property
    def closed(self) -> bool:
        """Whether the session was closed."""
        return self._closed.is_set()

    def login(self) -> None:
        """Login. Raises `AuthenticationFailed` for another password than the lab's."""
        with self._logging_in:
            with self._crossing("Login"):
                token = self.lab.login(self._password)
            with self._lock:
                before, self._token = self._token, token
            if before is not None:
                self.lab.logout(before)
        if self.closed:
            raise Closed("the session was closed")

    def about(self) -> About:
        """What the lab says of itself; no round trip, it came with the login."""
        return About("hvlib simulated lab", "1.0", "1", self.lab.uuid)

    def close(self) -> None:
        """Logout, if it is logged in."""
        with self._lock:
            was_closed = self._closed.is_set()
            self._closed.set()
            feeds = list(self._feeds)
        for feed in feeds:
            feed.interrupt()
        with self._logging_in:  # A login that is under way must not be left behind.
            self._log_out()
        if self._lab is not None and not was_closed:
            self._lab.close()

    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed:
        """Subscribe: a feed out of the lab's change log."""
        pairs = [(self._adapters[query.kind].table, query) for query in queries]
        with self.call("Subscribe"):
            feed = LabFeed(self, pairs, since)
        with self._lock:
            self._feeds.add(feed)
        return feed

    @contextmanager
    def call(self, name: str, waking: threading.Event | None = None) -> Iterator[None]:
        """A round trip: the block is what the lab does. ``waking`` cuts the time that the way takes short.

        Raises `SessionLost` if the lab does not know the session, `Closed` if this side closed it, and
        `ConnectionFailed` where the reply is lost.
        """
        token = self._token
        try:
            with self._crossing(name, waking):
                self.check(token)
                yield
        except SessionLost:
            self.lab.logout(token or "")
            raise

    def check(self, token: str | None) -> None:
        """Raise `Closed` if the session was closed, `SessionLost` if the lab does not know the token."""
        if self.closed:
            raise Closed("the session was closed")
        self.lab.check(token)

    @contextmanager
    def _crossing(self, name: str, waking: threading.Event | None = None) -> Iterator[None]:
        """The way to the lab and back: counted on both sides, with the faults and the time that go with it."""
        if self.closed:
            raise Closed("the session was closed")
        self.context.count_request(name)
        with self._faults.met_by(name.lower()):
            self._let_time_pass(name, waking)
            with self.lab.request(name):
                yield

    def _let_time_pass(self, name: str, waking: threading.Event | None) -> None:
        limit = self.context.timeout()
        if self._latency and (waking or self._closed).wait(min(self._latency, limit)):
            return
        if self._latency > limit:
            raise ConnectionTimeout(f"{name}: no answer in {limit} s")

    def _log_out(self) -> None:
        with self._lock:
            token, self._token = self._token, None
        if token is not None and self._lab is not None:
            self.context.count_request("Logout")
            with suppress(HvlibError), self._lab.request("Logout"):
                self._lab.logout(token)
