"""Clock: the clock by which core waits. Tests replace it with another one."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

__all__ = ["Clock"]

T = TypeVar("T")


class Clock:
    """The system's monotonic clock."""

    def now(self) -> float:
        """Seconds since some moment in the past."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until the event is set, for ``seconds`` at most. Returns whether it is set."""
        return event.wait(seconds)

    def get(self, queue: SimpleQueue[T], seconds: float) -> T:
        """Wait for the next item of a queue, for ``seconds`` at most. Raises `queue.Empty` if none comes."""
        return queue.get(timeout=seconds)

    def result(self, future: Future[T], seconds: float | None) -> T:
        """Wait for a future's result, for ``seconds`` at most. Raises the future's error, or `TimeoutError`."""
        return future.result(seconds)

    def left(self, deadline: float | None) -> float:
        """Seconds until a deadline, never below zero; infinity where there is none."""
        return float("inf") if deadline is None else max(deadline - self.now(), 0.0)
