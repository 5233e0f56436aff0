"""LongPollFeed: the subscription to a server that keeps a call waiting until something changes."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from hvlib.driver.feed import Batch, Feed
from hvlib.model.errors import Closed, ConnectionFailed

__all__ = ["LongPollFeed"]

MARGIN = 2.0
"""Seconds beyond its wait that the server has to answer, at least."""


class LongPollFeed(Feed):
    """A feed of one call at a time that waits at the server.

    Over connections of its own (`hvlib.driver.http.Connections.apart`): `interrupt` and `close` end them.
    """

    def __init__(self) -> None:
        self.closed = False
        self._interrupted = False
        self._slowest = 0.0

    @abstractmethod
    def poll(self, timeout: float) -> Batch:
        """`Feed.next`, but for interruptions."""

    @abstractmethod
    def disconnect(self) -> None:
        """End the connections on which `poll` waits, for good: `hvlib.driver.http.Transport.close`."""

    def next(self, timeout: float) -> Batch:
        """`Feed.next`."""
        self.check_open()
        if self._interrupted:
            return Batch()
        try:
            return self.poll(timeout)
        except ConnectionFailed:
            if self._interrupted and not self.closed:
                return Batch()
            raise

    def interrupt(self) -> None:
        """`Feed.interrupt`. The server sees the connection end; what it holds for the feed is freed by `close`."""
        self._interrupted = True
        self.disconnect()

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
