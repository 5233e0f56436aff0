"""FakeClock: a clock whose waits end at once."""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from queue import Empty, SimpleQueue
from typing import TypeVar

from hvlib.runtime.clock import Clock

__all__ = ["FakeClock"]

T = TypeVar("T")


class FakeClock(Clock):
    """Time passes only by waiting and by `advance`. For tests in which one thread waits."""

    def __init__(self) -> None:
        self._now = 1000.0

    def now(self) -> float:
        return self._now

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if not event.is_set():
            self.advance(seconds)
        return event.is_set()

    def get(self, queue: SimpleQueue[T], seconds: float) -> T:
        try:
            return queue.get_nowait()
        except Empty:
            self.advance(seconds)
            raise

    def result(self, future: Future[T], seconds: float | None) -> T:
        """Wait without advancing the clock: the thread that works on the future does that, by `advance`."""
        deadline = None if seconds is None else self._now + seconds
        while not future.done() and (deadline is None or self._now < deadline):
            wait([future], timeout=0.001)
        return future.result(0)

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        self._now += seconds
