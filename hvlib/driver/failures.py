"""Failures: the errors by which a driver makes core log in again, or repeat a call."""

from __future__ import annotations

from hvlib.model.errors import ConnectionFailed, HvlibError

__all__ = ["NotSent", "SessionLost", "Unavailable"]


class SessionLost(HvlibError):
    """The server did not act, because it does not know the session (any more). Core logs in and repeats the call."""


class NotSent(ConnectionFailed):
    """The request did not reach the server, so it can't have acted on it. Even an action may be sent again."""


class Unavailable(ConnectionFailed):
    """The server can't answer now (503). ``retry_after``: the seconds that it asks to wait; None if it gives none."""

    def __init__(self, message: str, *, retry_after: float | None = None, native: object = None) -> None:
        super().__init__(message, native=native)
        self.retry_after = retry_after
