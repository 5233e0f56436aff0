"""Operations that last until a test releases them, instead of for a time."""

from __future__ import annotations

import threading

from hvlib_xapi_simulator import Simulator

__all__ = ["Held"]

POLL_SECONDS = 0.002
"""Seconds between two checks whether an operation is released."""


class Held:
    """Holds the operations of a pool from `hold` until `release`. A cancelled operation ends."""

    def __init__(self, simulator: Simulator) -> None:
        self._steps = 0
        self._released = threading.Event()
        self._released.set()
        simulator.pool.tasks.pause = self._pause

    def hold(self, after: int = 0) -> None:
        """Hold operations after this many of their steps."""
        self._steps = after
        self._released.clear()

    def release(self) -> None:
        """Let operations continue, at once."""
        self._released.set()

    def _pause(self, cancelling: threading.Event, _seconds: float) -> bool:
        if self._steps:
            self._steps -= 1
            return cancelling.is_set()
        while not self._released.is_set():
            if cancelling.wait(POLL_SECONDS):
                return True
        return cancelling.is_set()
