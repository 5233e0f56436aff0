"""Connection: carries the calls to a lab. Each call counts as one round trip."""

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
    """A connection to a lab. Shared by threads.

    ``find_lab`` returns the lab. It is called once, at the first login; the lab is closed with the connection. Each
    call takes ``latency`` seconds, and raises the errors that ``faults`` has for it.
    """

    def __init__(self, find_lab: Callable[[], Lab], context: Context, latency: float, faults: Faults) -> None:
        self.feeds: WeakSet[Feed] = WeakSet()
        """The feeds that may be waiting for the lab."""
        self._context = context
        self._find_lab = find_lab
        self._latency = latency
        self._faults = faults
        self._lab: Lab | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._cut = threading.Event()

    @property
    def lab(self) -> Lab:
        """The lab, which is made or opened at first use. Raises `Closed` if the connection is cut before that."""
        with self._lock:
            if self._lab is None:
                self.check_open()
                self._lab = self._find_lab()
            return self._lab

    @contextmanager
    def crossing(self, name: str, waking: threading.Event | None = None) -> Iterator[None]:
        """One round trip; the ``with`` block is the lab's part of it. ``waking`` ends the latency early.

        Raises `Closed` once the connection is cut, `ConnectionTimeout`, and `ConnectionFailed` if the reply is lost.
        """
        self.check_open()
        self._context.count_request(name)
        with self._faults.met_by(name.lower()):
            self._wait_for_latency(name, waking)
            with self.lab.request(name):
                yield

    @contextmanager
    def last_crossing(self, name: str) -> Iterator[None]:
        """One round trip without latency and without faults, which is possible even after the connection is cut."""
        self._context.count_request(name)
        with self.lab.request(name):
            yield

    def check_open(self) -> None:
        """Raise `Closed` if the connection is cut."""
        if self._cut.is_set():
            raise Closed("the session was closed")

    def cut(self) -> None:
        """End every waiting call, and refuse new calls."""
        self._cut.set()
        for feed in list(self.feeds):
            feed.interrupt()

    def close(self) -> None:
        """Close the lab. Idempotent."""
        with self._lock:
            lab, self._closed = None if self._closed else self._lab, True
        if lab is not None:
            lab.close()

    def _wait_for_latency(self, name: str, waking: threading.Event | None) -> None:
        limit = self._context.timeout()
        if self._latency and (waking or self._cut).wait(min(self._latency, limit)):
            return
        if self._latency > limit:
            raise ConnectionTimeout(f"{name}: no answer in {limit} s")
