"""Clock: the time by which core waits, so that tests can bring another."""

from __future__ import annotations

import threading
import time

__all__ = ["Clock"]


class Clock:
    """The system's monotonic clock."""

    def now(self) -> float:
        """Seconds since some moment in the past."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until the event is set, for so many seconds at most; returns whether it is set."""
        return event.wait(seconds)

    def left(self, deadline: float | None) -> float:
        """Seconds until a deadline, never below zero; infinity where there is none."""
        return float("inf") if deadline is None else max(deadline - self.now(), 0.0)
