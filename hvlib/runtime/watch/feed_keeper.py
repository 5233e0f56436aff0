"""FeedKeeper: keeps a feed open for a watch, whatever happens to connections, sessions and servers.

When a feed breaks, another goes on from the last cursor; where it can't, a snapshot is compared with the store.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

from hvlib.driver import Batch, Feed, SessionLost, WatchCursor
from hvlib.model.errors import ConnectionFailed, CursorLost, HvlibError, RateLimited, WaitTimeout
from hvlib.model.query import Query
from hvlib.runtime.session_manager import SessionManager
from hvlib.runtime.watch.feed_opener import FeedOpener
from hvlib.runtime.watch.outage import Outage
from hvlib.runtime.watch.store import Store

__all__ = ["FeedKeeper"]

HEARTBEAT = 30.0
"""Seconds that a feed is asked to wait at most: a dead server is noticed after that and the request's time-out."""


class FeedKeeper:
    """The feed of one watch. One thread calls `open` and `receive`; `abort` may come from any.

    ``cursor`` is the last one received: a new feed goes on from it.
    """

    def __init__(
        self, manager: SessionManager, queries: Sequence[Query[Any]], store: Store, cursor: WatchCursor | None
    ) -> None:
        self.cursor = cursor
        self.broken = False
        """Whether changes may have been missed since the last batch."""
        self._manager = manager
        self._clock = manager.clock
        self._queries = queries
        self._store = store
        self._outage = Outage(manager.retry, manager.clock)
        self._not_before = 0.0
        self._ending = threading.Event()
        self._opener = FeedOpener()
        self._feed: Feed | None = None
        self._finalizer: Callable[[], object] = _free_nothing

    def open(self, deadline: float | None, *, repeat: bool) -> None:
        """Open a feed from the cursor; with a snapshot if the server can't go on from there.

        After the deadline, `receive` goes on.
        """
        try:
            self._open(deadline, repeat=repeat)
        except CursorLost as error:
            self._forget_cursor(error)
            self._open(deadline, repeat=repeat)

    def receive(self, deadline: float | None) -> Batch | None:
        """Wait for a batch; None where there is none yet: the feed broke, was opened again, or the watch ends.

        Raises `WaitTimeout` if the deadline is over before the server is to be asked again.
        """
        self._idle(deadline)
        if self._ending.is_set():
            return None
        try:
            if self._feed is None:
                self.open(deadline, repeat=False)
                return None
            batch = self._feed.next(min(HEARTBEAT, self._clock.left(deadline)))
        except (SessionLost, ConnectionFailed, RateLimited, CursorLost) as error:
            if not self._ending.is_set():
                self._break(error)
            return None
        except BaseException:
            self.drop()  # A change may be lost with it: the next feed goes on from the cursor.
            raise
        if not batch.pending:
            self._outage.end()
        self._not_before = self._clock.now() + batch.poll_after
        return batch

    def drop(self) -> None:
        """Close the feed: until the next one has caught up, changes are missed."""
        self.broken = True
        self._feed = None
        self._finalizer()

    def abort(self) -> None:
        """End the wait, for good. Nothing is freed."""
        self._ending.set()
        self._opener.cancel()
        feed = self._feed  # Once: the waiting thread may drop it at any moment.
        if feed is not None:
            feed.interrupt()

    def close(self) -> None:
        """Leave what the server holds for the feed to be freed. Only once no thread waits."""
        self._finalizer()

    def _break(self, error: HvlibError) -> None:
        """Drop the feed, and wait before the next one is opened: not the first time, then ever longer."""
        self.drop()
        self._not_before = self._clock.now() + self._outage.pause_after(error)
        if isinstance(error, SessionLost):
            self._manager.lose(self._login)
        if isinstance(error, CursorLost):
            self._forget_cursor(error)

    def _open(self, deadline: float | None, *, repeat: bool) -> None:
        if self.cursor is None:
            if not self._store.complete:
                raise CursorLost("what came after the cursor could not be read")
            self._store.begin_snapshot()
        self._opener = opener = FeedOpener()
        if self._ending.is_set():
            return
        opener.start(self._manager, self._queries, self.cursor, repeat=repeat)
        try:
            patience = None if deadline is None else self._clock.left(deadline)
            feed, self._login = self._clock.result(opener, patience)
        except (CancelledError, FutureTimeout):
            return  # The watch or its provider was closed meanwhile, or the caller waits no longer.
        finally:
            opener.cancel()
        self._feed = feed
        self._finalizer = weakref.finalize(self, self._manager.deferred.add, feed.close)

    def _forget_cursor(self, error: HvlibError) -> None:
        if not self._store.complete:
            raise error
        self.cursor = None

    def _idle(self, deadline: float | None) -> None:
        """Wait until the server is to be asked again. Raises `WaitTimeout` past the deadline."""
        pause = self._not_before - self._clock.now()
        if pause <= 0:
            return
        self._clock.wait(self._ending, min(pause, self._clock.left(deadline)))
        over = not self._clock.left(deadline) and self._clock.now() < self._not_before
        if over and not self._ending.is_set():
            raise WaitTimeout("no event in the time given")


def _free_nothing() -> None:
    """The finalizer of a watch that has no feed yet."""
