"""Watch: a live stream of changes that outlives connections, sessions and servers.

A driver's feed brings changes; the mirror turns them into events; the watch keeps the stream going. When a feed
breaks, a new one goes on from the last cursor; where it can't, a new snapshot is compared with what is known. Either
way the caller sees just the difference.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from hvlib.connection import Connection
from hvlib.driver import Batch, Feed, SessionLost, WatchCursor
from hvlib.errors import (
    AuthenticationFailed,
    Closed,
    ConcurrentWatch,
    ConnectionFailed,
    CursorLost,
    HvlibError,
    RateLimited,
    WaitTimeout,
)
from hvlib.mirror import Event, EventType, Mirror
from hvlib.opening import Opening
from hvlib.query import Query
from hvlib.ref import Ref
from hvlib.resources import Resource
from hvlib.retry import RetryPolicy

__all__ = ["Event", "EventType", "Watch", "WatchCursor"]

HEARTBEAT = 30.0
"""Seconds that a feed is asked to wait at most: a dead server is noticed after that and the request's time-out."""

SETTLED = 30.0
"""Seconds without a failure after which the next one is the first again."""

SINGLE_ATTEMPT = RetryPolicy(max_retries=0)
"""A watch repeats by itself, so that closing it ends the pauses too."""

R = TypeVar("R", bound=Resource)

Known = Mapping[Ref, Resource] | Iterable[Resource]


class Watch(Generic[R]):
    """An iterator of `Event`, and a context manager.

    All that exists comes as ADDED, then SYNCED once, then what changes. Changes that follow each other closely may
    merge into one; the last state is never lost. One thread at a time may wait for events; `close`, from any thread,
    ends that wait within a second, and the iteration with it.
    """

    def __init__(
        self,
        connection: Connection,
        queries: Sequence[Query[Any]],
        *,
        since: WatchCursor | None = None,
        known: Known | None = None,
        patience: float | None = None,
    ) -> None:
        self.cursor = since
        """Where another watch can go on (``since=``). It moves when the event after the last delivered one is asked
        for, so that no event is lost: after a crash some may come twice. None until the first snapshot is
        delivered, and always where the server has no cursors."""
        self._connection = connection
        self._provider = connection.provider  # Keeps it: a watch may outlive the caller's own reference.
        self._queries = queries
        self._mirror = Mirror(queries, _by_ref(known), complete=since is None)
        self._received = since
        self._queue: deque[Event[R] | WatchCursor] = deque()
        self._synced = self._recovering = self._broken = False
        self._failures = 0
        self._last_failure = self._not_before = 0.0
        self._outage_since: float | None = None
        self._turn = threading.Lock()
        self._waiting: int | None = None
        self._ending = threading.Event()
        self._closed = False
        self._feed: Feed | None = None
        self._finalizer: Callable[[], object] = _nothing_to_free
        self._open_from_cursor(connection.retry, None if patience is None else time.monotonic() + patience)
        connection.enlist(self)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event[R]:
        event = self.next(timeout=None)
        if event is None:
            raise StopIteration
        return event

    def next(self, timeout: float | None = None) -> Event[R] | None:
        """The next event; None once the watch was closed. Without ``timeout`` it waits as long as it takes.

        Raises `WaitTimeout` after ``timeout`` seconds, `Closed` if the provider is closed, `ConcurrentWatch` if another
        thread waits already, `CursorLost` if a watch that began with ``since=`` alone can't prove what was deleted, and
        `ConnectionFailed` if the server can't be reached for as long as the retry policy's ``max_outage``.
        """
        if not self._turn.acquire(blocking=False):
            raise ConcurrentWatch("another thread waits on this watch", hint="a watch for each thread")
        self._waiting = threading.get_ident()
        try:
            with self._connection.reported():
                return self._next(None if timeout is None else time.monotonic() + timeout)
        finally:
            self._waiting = None
            if self._closed:
                self._finalizer()
            self._turn.release()

    def close(self) -> None:
        """End the watch, from any thread, and free what it holds on the server. Idempotent."""
        self._closed = True
        self._connection.dismiss(self)
        self.abort()
        if self._waiting == threading.get_ident():
            return  # A signal handler closes what its own thread waits for: the wait ends below, and cleans up.
        with self._turn:  # The waiting thread, if any, is on its way out.
            self._finalizer()
            self._connection.free_abandoned()

    def abort(self) -> None:
        """End the wait, for good. `close` and the provider's `close` call it; nothing is freed."""
        self._ending.set()
        self._opening.cancel()
        if self._feed is not None:
            self._feed.interrupt()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _next(self, deadline: float | None) -> Event[R] | None:
        asked = False
        while True:
            if self._connection.closed:
                raise Closed("the provider was closed")
            if self._closed:
                return None
            while self._queue:
                event = self._queue.popleft()
                if isinstance(event, Event):
                    return event
                self.cursor = event
            if asked and not _left(deadline):
                raise WaitTimeout("no event in the time given")
            self._receive(deadline)
            asked = True

    def _open_from_cursor(self, retry: RetryPolicy, deadline: float | None) -> None:
        """Open a feed; with a snapshot if the server can't go on from the cursor, which is no failure to pause after.

        Errors of the first one show where the watch is asked for. After the deadline, `next` goes on.
        """
        try:
            self._open(retry, deadline)
        except CursorLost as error:
            self._forget_cursor(error)
            self._open(retry, deadline)

    def _receive(self, deadline: float | None) -> None:
        """Wait for one batch and queue its events."""
        self._idle(deadline)
        if self._ending.is_set():
            return
        try:
            if self._broken or self._feed is None:
                self._open_from_cursor(SINGLE_ATTEMPT, deadline)
                return
            batch = self._feed.next(min(HEARTBEAT, _left(deadline)))
        except (SessionLost, ConnectionFailed, RateLimited, CursorLost) as error:
            if not self._ending.is_set():
                self._break(error)
            return
        except BaseException:
            self._drop_feed()  # What it was about to tell may be lost with it: the next one goes on from the cursor.
            raise
        if not batch.pending:
            self._outage_since = None
        self._not_before = time.monotonic() + batch.poll_after
        self._queue_events(batch)

    def _queue_events(self, batch: Batch) -> None:
        try:
            self._queue.extend(self._events(batch))
        except BaseException:
            # What came before the bad change is queued; a new snapshot tells the rest.
            self._drop_feed()
            self._received = None
            raise

    def _events(self, batch: Batch) -> Iterable[Event[R] | WatchCursor]:
        for event in self._found(batch):
            yield _resynced(event) if self._recovering else event
        if batch.cursor is not None:
            self._received = batch.cursor
            yield batch.cursor
        if batch.synced:
            self._recovering = False
            if not self._synced:
                self._synced = True
                yield Event(EventType.SYNCED)

    def _found(self, batch: Batch) -> Iterator[Event[R]]:
        for change in batch.changes:
            yield from self._mirror.apply(change)
        if batch.synced:
            yield from self._mirror.end_snapshot()

    def _break(self, error: HvlibError) -> None:
        """The feed is broken: open another, at once the first time, after growing pauses while it breaks again soon."""
        self._drop_feed()
        now = time.monotonic()
        if self._outage_since is None:
            self._outage_since = now
        if now - self._last_failure > SETTLED:
            self._failures = 0
        if now - self._outage_since > self._connection.retry.max_outage:
            raise _for_callers(error)
        asked: float | None = getattr(error, "retry_after", None)
        pause = self._connection.retry.delay(self._failures, error) if self._failures else asked or 0.0
        self._failures, self._last_failure, self._not_before = self._failures + 1, now, now + pause
        if isinstance(error, SessionLost):
            self._connection.lost(self._login)
        if isinstance(error, CursorLost):
            self._forget_cursor(error)

    def _drop_feed(self) -> None:
        """What comes until the next feed has caught up was missed meanwhile."""
        self._broken = self._recovering = True
        self._finalizer()

    def _open(self, retry: RetryPolicy, deadline: float | None) -> None:
        """Open a feed: from the cursor, or with a snapshot that is compared with what is known."""
        if self._received is None:
            if not self._mirror.complete:
                raise CursorLost("what came after the cursor could not be read")
            self._mirror.begin_snapshot()
        self._opening = opening = Opening()
        if self._ending.is_set():
            return
        opening.start(self._connection, self._queries, self._received, retry)
        try:
            self._feed, self._login = opening.result(None if deadline is None else _left(deadline))
        except (CancelledError, FutureTimeout):
            return  # The watch or its provider was closed meanwhile, or the caller waits no longer.
        finally:
            opening.cancel()
        self._finalizer = weakref.finalize(self, self._connection.abandoned.append, self._feed.close)
        self._broken = False

    def _forget_cursor(self, error: HvlibError) -> None:
        if not self._mirror.complete:
            raise error
        self._received = None

    def _idle(self, deadline: float | None) -> None:
        """Wait until the server is to be asked again. Raises `WaitTimeout` past the deadline."""
        pause = self._not_before - time.monotonic()
        if pause <= 0:
            return
        self._ending.wait(min(pause, _left(deadline)))
        if not _left(deadline) and time.monotonic() < self._not_before and not self._ending.is_set():
            raise WaitTimeout("no event in the time given")


def _nothing_to_free() -> None:
    """What ends a watch that has no feed yet."""


def _left(deadline: float | None) -> float:
    return float("inf") if deadline is None else max(deadline - time.monotonic(), 0.0)


def _for_callers(error: HvlibError) -> HvlibError:
    """An error that only drivers and core know, as callers know it."""
    if not isinstance(error, SessionLost):
        return error
    refused = AuthenticationFailed("the server drops each session soon after the login")
    refused.__cause__ = error
    return refused


def _by_ref(known: Known | None) -> Mapping[Ref, Resource] | None:
    if known is None or isinstance(known, Mapping):
        return known
    return {record.ref: record for record in known}


def _resynced(event: Event[R]) -> Event[R]:
    return Event(event.type, event.ref, event.resource, event.changed, resynced=True)
