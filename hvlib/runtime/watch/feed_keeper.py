"""FeedKeeper: keeps a feed open for a watch, whatever happens to connections, sessions and servers.

When a feed breaks, a new feed continues from the last cursor; where it can't, a snapshot is compared with the store.
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
"""The longest wait in seconds of one call to a feed: a dead server is noticed after this and a request's time-out."""


class FeedKeeper:
    """The feed of one watch. One thread calls `open` and `receive`; any thread may call `abort`.

    ``cursor`` is the last cursor that was received: a new feed continues from it.
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
        """Open a feed from the cursor, or with a snapshot if the server can't continue from the cursor.

        Returns without a feed at the deadline: the next `receive` opens one.
        """
        try:
            self._open(deadline, repeat=repeat)
        except CursorLost as error:
            self._forget_cursor(error)
            self._open(deadline, repeat=repeat)

    def receive(self, deadline: float | None) -> Batch | None:
        """Wait for a batch. Returns None if the feed broke, was only opened again, or the watch ends.

        Raises `WaitTimeout` if the deadline passes during the pause before the next call to the server.
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
            self.drop()  # A change may be lost with the feed: the next feed continues from the cursor.
            raise
        if not batch.pending:
            self._outage.end()
        self._not_before = self._clock.now() + batch.poll_after
        return batch

    def drop(self) -> None:
        """Close the feed. Changes are missed until the next feed has caught up."""
        self.broken = True
        self._feed = None
        self._finalizer()

    def abort(self) -> None:
        """End the present wait and all later ones. Frees nothing."""
        self._ending.set()
        self._opener.cancel()
        feed = self._feed  # Read it once: the waiting thread may drop the feed at any moment.
        if feed is not None:
            feed.interrupt()

    def close(self) -> None:
        """Queue the freeing of the server's resources for the feed. Call it only when no thread waits."""
        self._finalizer()

    def _break(self, error: HvlibError) -> None:
        """Drop the feed, and set the pause before the next one is opened: none after the first failure, then longer."""
        self.drop()
        self._not_before = self._clock.now() + self._outage.pause_after(error)
        if isinstance(error, SessionLost):
            self._manager.lose(self._login)
        if isinstance(error, CursorLost):
            self._forget_cursor(error)

    def _open(self, deadline: float | None, *, repeat: bool) -> None:
        if self.cursor is None:
            if not self._store.complete:
                raise CursorLost("the changes after the cursor could not be read")
            self._store.begin_snapshot()
        self._opener = opener = FeedOpener()
        if self._ending.is_set():
            return
        opener.start(self._manager, self._queries, self.cursor, repeat=repeat)
        try:
            patience = None if deadline is None else self._clock.left(deadline)
            feed, self._login = self._clock.result(opener, patience)
        except (CancelledError, FutureTimeout):
            return  # The watch or its provider was closed meanwhile, or the deadline has passed.
        finally:
            opener.cancel()
        self._feed = feed
        self._finalizer = weakref.finalize(self, self._manager.deferred.add, feed.close)

    def _forget_cursor(self, error: HvlibError) -> None:
        if not self._store.complete:
            raise error
        self.cursor = None

    def _idle(self, deadline: float | None) -> None:
        """Wait until the next call to the server is due. Raises `WaitTimeout` after the deadline."""
        pause = self._not_before - self._clock.now()
        if pause <= 0:
            return
        self._clock.wait(self._ending, min(pause, self._clock.left(deadline)))
        over = not self._clock.left(deadline) and self._clock.now() < self._not_before
        if over and not self._ending.is_set():
            raise WaitTimeout("no event before the time-out")


def _free_nothing() -> None:
    """Do nothing: the finalizer of a watch that has no feed yet."""
