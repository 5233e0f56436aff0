"""FakeClock: a clock whose waits are over at once."""

from __future__ import annotations

import threading

from hvlib.runtime.clock import Clock

__all__ = ["FakeClock"]


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

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._now += seconds
