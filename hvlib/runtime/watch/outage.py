"""Outage: how long a watch pauses before it opens a broken feed again, and when it gives up."""

from __future__ import annotations

from hvlib.driver import SessionLost
from hvlib.model.errors import ConnectionFailed, HvlibError
from hvlib.runtime.clock import Clock
from hvlib.runtime.retry import RetryPolicy

__all__ = ["Outage"]

SETTLED = 30.0
"""Seconds without a failure after which the next one is the first again."""


class Outage:
    """The failures of a watch that follow each other closely."""

    def __init__(self, retry: RetryPolicy, clock: Clock) -> None:
        self._retry = retry
        self._clock = clock
        self._failures = 0
        self._last_failure = clock.now() - 2 * SETTLED
        self._began: float | None = None

    def end(self) -> None:
        """Note that the server has answered."""
        self._began = None

    def pause_after(self, error: HvlibError) -> float:
        """Seconds to wait after a failure: none after the first, then growing pauses.

        Raises the error when the server could not be reached for as long as the policy's ``max_outage``.
        """
        now = self._clock.now()
        if self._began is None:
            self._began = now
        if now - self._last_failure > SETTLED:
            self._failures = 0
        if now - self._began > self._retry.max_outage:
            raise _for_callers(error)
        asked: float | None = getattr(error, "retry_after", None)
        pause = self._retry.delay(self._failures, error) if self._failures else asked or 0.0
        self._failures, self._last_failure = self._failures + 1, now
        return pause


def _for_callers(error: HvlibError) -> HvlibError:
    """An error that only drivers and core know, as callers know it."""
    if not isinstance(error, SessionLost):
        return error
    dropped = ConnectionFailed(f"the server drops each session soon after the login: {error}")
    dropped.__cause__ = error
    return dropped
