"""Outage: how long a watch pauses before it opens a broken feed again, and when it gives up."""

from __future__ import annotations

from hvlib.driver import SessionLost
from hvlib.model.errors import ConnectionFailed, HvlibError
from hvlib.runtime.clock import Clock
from hvlib.runtime.retry import RetryPolicy

__all__ = ["Outage"]

SETTLED = 30.0
"""Seconds without a failure after which the next failure counts as the first one again."""


class Outage:
    """The failures of a watch in close succession."""

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
        """Seconds to wait after a failure: none after the first one, then the policy's growing pauses.

        Raises the error once the server could not be reached for the policy's ``max_outage``.
        """
        now = self._clock.now()
        if self._began is None:
            self._began = now
        if now - self._last_failure > SETTLED:
            self._failures = 0
        if now - self._began > self._retry.max_outage:
            raise _for_callers(error)
        retry_after: float | None = getattr(error, "retry_after", None)
        pause = self._retry.delay(self._failures, error) if self._failures else retry_after or 0.0
        self._failures, self._last_failure = self._failures + 1, now
        return pause


def _for_callers(error: HvlibError) -> HvlibError:
    """The error that callers get: `SessionLost`, which only drivers and core know, becomes `ConnectionFailed`."""
    if not isinstance(error, SessionLost):
        return error
    dropped = ConnectionFailed(f"the server drops each session soon after the login: {error}")
    dropped.__cause__ = error
    return dropped
