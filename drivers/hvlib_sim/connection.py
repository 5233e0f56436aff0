"""Connection: the way to a lab; a server would see each call on it as a round trip."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import WeakSet

from hvlib.driver import Context, Feed
from hvlib.model.errors import Closed, ConnectionTimeout
from hvlib_sim.lab.faults import Faults
from hvlib_sim.lab.lab import Lab

__all__ = ["Connection"]


class Connection:
    """The way to a lab. Shared by threads.

    ``find_lab`` gives the lab; it is called once, at the first login, and the lab is closed with the connection.
    ``latency`` seconds go by in each call, and each call meets the ``faults`` that are meant for it.
    """

    def __init__(self, find_lab: Callable[[], Lab], context: Context, latency: float, faults: Faults) -> None:
        self.feeds: WeakSet[Feed] = WeakSet()
        """The feeds that may be waiting for the lab."""
        self._context = context
        self._find_lab = find_lab
        self._latency = latency
        self._faults = faults
        self._lab: Lab | None = None
        self._left = False
        self._lock = threading.Lock()
        self._cut = threading.Event()

    @property
    def lab(self) -> Lab:
        """The lab; made or opened now if it is not there yet. Raises `Closed` if it was not before the end."""
        with self._lock:
            if self._lab is None:
                self.check_open()
                self._lab = self._find_lab()
            return self._lab

    @contextmanager
    def crossing(self, name: str, waking: threading.Event | None = None) -> Iterator[None]:
        """A round trip: the block is what the lab does. ``waking`` cuts the time that the way takes short.

        Raises `Closed` once it is cut, `ConnectionTimeout`, and `ConnectionFailed` where the reply is lost.
        """
        self.check_open()
        self._context.count_request(name)
        with self._faults.met_by(name.lower()):
            self._let_time_pass(name, waking)
            with self.lab.request(name):
                yield

    @contextmanager
    def last_crossing(self, name: str) -> Iterator[None]:
        """A round trip that takes no time and meets no faults, and is made even when it is cut."""
        self._context.count_request(name)
        with self.lab.request(name):
            yield

    def check_open(self) -> None:
        """Raise `Closed` once it is cut."""
        if self._cut.is_set():
            raise Closed("the session was closed")

    def cut(self) -> None:
        """End every call that waits, and let none begin."""
        self._cut.set()
        for feed in list(self.feeds):
            feed.interrupt()

    def close(self) -> None:
        """Leave the lab. Idempotent."""
        with self._lock:
            lab, self._left = None if self._left else self._lab, True
        if lab is not None:
            lab.close()

    def _let_time_pass(self, name: str, waking: threading.Event | None) -> None:
        limit = self._context.timeout()
        if self._latency and (waking or self._cut).wait(min(self._latency, limit)):
            return
        if self._latency > limit:
            raise ConnectionTimeout(f"{name}: no answer in {limit} s")
