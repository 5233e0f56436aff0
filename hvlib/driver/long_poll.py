"""LongPollFeed: the subscription to a server that keeps a call waiting until something changes."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from hvlib.driver.feed import Batch, Feed
from hvlib.model.errors import Closed, ConnectionFailed, TaskCancelled

__all__ = ["LongPollFeed"]

INTERRUPT_TIMEOUT = 0.6
"""Seconds in which an interrupted wait must be over: half of them for the server, half for the connection."""

MARGIN = 2.0
"""Seconds beyond its wait that the server has to answer, at least."""


class LongPollFeed(Feed):
    """A feed of one call at a time that waits at the server.

    Over connections of its own (`hvlib.driver.http.Connections.apart`): `interrupt` and `close` cut them.
    """

    def __init__(self) -> None:
        self.closed = False
        self._slowest = 0.0
        self._interrupted = threading.Event()
        self._idle = threading.Event()
        self._idle.set()

    @abstractmethod
    def poll(self, timeout: float) -> Batch:
        """`Feed.next`, but for interruptions."""

    @abstractmethod
    def cut(self) -> None:
        """Cut the connections on which `poll` waits."""

    def wake(self) -> None:
        """Ask the server to end the wait, within a fraction of a second. Where it can't be asked, `cut` ends it."""

    def next(self, timeout: float) -> Batch:
        """`Feed.next`."""
        self._idle.clear()
        try:
            self.check_open()
            if self._interrupted.is_set():
                return Batch()
            return self.poll(timeout)
        except (TaskCancelled, ConnectionFailed):
            if self._interrupted.is_set() and not self.closed:
                return Batch()
            raise
        finally:
            self._interrupted.clear()
            self._idle.set()

    def interrupt(self) -> None:
        """`Feed.interrupt`: by `wake`, else by `cut`."""
        self._interrupted.set()
        if self._idle.is_set():
            return
        self.wake()
        until = time.monotonic() + INTERRUPT_TIMEOUT / 2
        while not self._idle.wait(INTERRUPT_TIMEOUT / 16) and time.monotonic() < until:
            self.cut()

    def check_open(self) -> None:
        """Raise `Closed` after `close`."""
        if self.closed:
            raise Closed("the feed was closed")

    def margin(self, waiting: float) -> float:
        """The seconds that an answer may take beyond a wait of ``waiting``.

        Whoever waits a second for changes must not wait for the whole time-out when the server is frozen; but to cut a
        server that is only slow costs a new snapshot. So it has as long again as the caller waits, and three times as
        long as it ever took here.
        """
        return max(MARGIN, waiting, 3 * self._slowest)

    @contextmanager
    def timed(self, waiting: float) -> Iterator[None]:
        """In the block, the server answers after a wait of ``waiting`` seconds: `margin` learns how slow it is."""
        start = time.monotonic()
        yield
        self._slowest = max(self._slowest, time.monotonic() - start - waiting)
