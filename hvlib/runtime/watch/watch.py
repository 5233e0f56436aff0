"""Watch: a live stream of changes that outlives connections, sessions and servers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from hvlib.driver import WatchCursor
from hvlib.model.arguments import seconds
from hvlib.model.errors import ConcurrentWatch, WaitTimeout
from hvlib.model.event import Event
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib.runtime.session_manager import SessionManager
from hvlib.runtime.translation import locate, locating
from hvlib.runtime.watch.event_queue import EventQueue
from hvlib.runtime.watch.feed_keeper import FeedKeeper
from hvlib.runtime.watch.store import Known, Store

__all__ = ["Known", "Watch"]

R = TypeVar("R", bound=Resource)


class Watch(Generic[R]):
    """An iterator of `Event`, and a context manager.

    First every existing object comes as ADDED, then SYNCED comes once, then each change. Changes in close succession
    may be merged into one event; the last state is never lost. One thread at a time may wait for events. `close`, from
    any thread, ends that wait within a second, and ends the iteration.
    """

    def __init__(
        self,
        manager: SessionManager,
        queries: Sequence[Query[Any]],
        *,
        since: WatchCursor | None = None,
        known: Known | None = None,
    ) -> None:
        self._manager = manager
        self._clock = manager.clock
        self._provider = manager.provider  # Keeps it alive: a watch may outlive the caller's own reference.
        store = Store(queries, known, complete=since is None)
        store.check_provider(manager.context.provider_uuid)
        self._queue = EventQueue(store, since)
        self._keeper = FeedKeeper(manager, queries, store, since)
        self._turn = threading.Lock()
        self._waiting: int | None = None
        self._closed = False
        # Opened here, so that the call that makes the watch raises the first feed's errors.
        self._keeper.open(None, repeat=True)
        manager.add_waiter(self)

    @property
    def cursor(self) -> WatchCursor | None:
        """The position from which another watch can continue (``since=``).

        It moves past an event only when the next event is requested. So no event is lost, but after a crash some may
        come twice. None until the first snapshot is delivered, and always None where the server has no cursors.
        """
        return self._queue.cursor

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event[R]:
        event = self.next(timeout=None)
        if event is None:
            raise StopIteration
        return event

    def next(self, timeout: float | None = None) -> Event[R] | None:
        """Wait for the next event. Returns None once the watch was closed. Without ``timeout`` the wait has no limit.

        Raises `WaitTimeout` after ``timeout`` seconds, `Closed` if the provider is closed, `ConcurrentWatch` if another
        thread waits already, `CursorLost` if a watch that began with only ``since=`` can't find out which objects were
        deleted, and `ConnectionFailed` if the server can't be reached for the retry policy's ``max_outage``.
        """
        with locating(self._provider):
            patience = None if timeout is None else seconds("timeout", timeout)
        if not self._turn.acquire(blocking=False):
            concurrent = ConcurrentWatch("another thread waits on this watch", hint="use a watch for each thread")
            raise locate(concurrent, self._provider)
        self._waiting = threading.get_ident()
        try:
            with self._manager.translate_errors():
                return self._next(None if patience is None else self._clock.now() + patience)
        finally:
            self._waiting = None
            if self._closed:
                self._keeper.close()
            self._turn.release()

    def stop(self) -> None:
        """End the iteration, from any thread. Call `close` afterwards: it frees the server's resources."""
        self._closed = True
        self.abort()

    def close(self) -> None:
        """End the watch, from any thread, and free the server's resources for it. Idempotent."""
        self._manager.remove_waiter(self)
        self.stop()
        if self._waiting == threading.get_ident():
            return  # A signal handler closes the watch that its own thread waits on: `next` ends, and cleans up.
        with self._turn:  # The waiting thread, if any, is on its way out.
            self._keeper.close()
            self._manager.release_deferred()

    def abort(self) -> None:
        """End the present wait and all later ones. `close` and the provider's `close` call it. Frees nothing."""
        self._keeper.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _next(self, deadline: float | None) -> Event[R] | None:
        received = False
        while True:
            self._manager.check_open()
            if self._closed:
                return None
            event = self._queue.take()
            if event is not None:
                return event
            if received and not self._clock.left(deadline):
                raise WaitTimeout("no event before the time-out")
            self._receive(deadline)
            received = True

    def _receive(self, deadline: float | None) -> None:
        """Wait for one batch and queue its events."""
        batch = self._keeper.receive(deadline)
        if self._keeper.broken:
            self._queue.resyncing, self._keeper.broken = True, False
        if batch is None:
            return
        try:
            self._queue.put(batch)
        except BaseException:
            # The events before the bad change are queued. A new snapshot brings the later ones.
            self._keeper.drop()
            self._keeper.cursor = None
            raise
        self._keeper.cursor = batch.cursor or self._keeper.cursor
