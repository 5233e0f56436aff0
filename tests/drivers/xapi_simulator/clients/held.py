"""Operations that last until a test lets them go on, instead of for a time."""

from __future__ import annotations

import threading

from hvlib_xapi_simulator import Simulator

__all__ = ["Held"]

LOOK = 0.002
"""Seconds between two looks whether an operation may go on."""


class Held:
    """Holds the operations of a pool from `hold` until `release`; one that is cancelled ends."""

    def __init__(self, simulator: Simulator) -> None:
        self._steps = 0
        self._released = threading.Event()
        self._released.set()
        simulator.pool.tasks.pause = self._pause

    def hold(self, after: int = 0) -> None:
        """Hold operations, once so many steps of them were done."""
        self._steps = after
        self._released.clear()

    def release(self) -> None:
        """Let operations go on, at once."""
        self._released.set()

    def _pause(self, cancelling: threading.Event, _seconds: float) -> bool:
        if self._steps:
            self._steps -= 1
            return cancelling.is_set()
        while not self._released.is_set():
            if cancelling.wait(LOOK):
                return True
        return cancelling.is_set()
