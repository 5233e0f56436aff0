"""LongPollFeed: a feed for servers that answer a call only when something changes."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from hvlib.driver.feed import Batch, Feed
from hvlib.model.errors import Closed, ConnectionFailed

__all__ = ["LongPollFeed"]

MARGIN = 2.0
"""The fewest seconds that the server has for its answer after the wait that was asked for."""


class LongPollFeed(Feed):
    """A feed that sends one call at a time, which waits at the server.

    The call needs connections of its own (`hvlib.driver.http.Connections.apart`): `interrupt` and `close` end them.
    The first call of a feed does not wait: its batch is ``synced`` at once, also of a feed opened with ``since``.
    """

    def __init__(self) -> None:
        self.closed = False
        """Whether `close` was called."""
        self._interrupted = False
        self._slowest = 0.0

    @abstractmethod
    def poll(self, timeout: float) -> Batch:
        """The next batch, as `Feed.next` returns it. `next` handles interruptions."""

    @abstractmethod
    def disconnect(self) -> None:
        """End for good the connections on which `poll` waits, as `hvlib.driver.http.Transport.close` does."""

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
        """End the wait by ending its connections. `close` frees what the server holds for the feed."""
        self._interrupted = True
        self.disconnect()

    def close(self) -> None:
        """`Feed.close`. Override it where the server holds something for the feed."""
        self.closed = True
        self.disconnect()

    def check_open(self) -> None:
        """Raise `Closed` after `close`."""
        if self.closed:
            raise Closed("the feed was closed")

    def margin(self, waiting: float) -> float:
        """The seconds that an answer may take beyond a wait of ``waiting`` seconds.

        A call of `hvlib.driver.http.Transport` has ``wait=waiting`` and this as its ``timeout``.
        A caller that waits a second for changes must not wait for the whole time-out when the server is frozen; but
        cutting off a server that is only slow costs a new snapshot. So the margin is the longest of `MARGIN`, the
        caller's own wait, and three times the longest delay of this server so far.
        """
        return max(MARGIN, waiting, 3 * self._slowest)

    @contextmanager
    def timed(self, waiting: float) -> Iterator[None]:
        """Measure, for `margin`, how much longer than ``waiting`` seconds the server takes to answer in the block."""
        start = time.monotonic()
        yield
        self._slowest = max(self._slowest, time.monotonic() - start - waiting)
