"""Failures: how a driver says that core should log in, or call, again."""

from __future__ import annotations

from hvlib.model.errors import ConnectionFailed, HvlibError

__all__ = ["NotSent", "SessionLost", "Unavailable"]


class SessionLost(HvlibError):
    """The server did not act, because it does not know the session (any more). Core logs in and calls again."""


class NotSent(ConnectionFailed):
    """The request did not reach the server, so it can't have acted on it. Even an action may be sent again."""


class Unavailable(ConnectionFailed):
    """The server says that it can't answer now (503). ``retry_after``: the seconds that it asks for, if it said."""

    def __init__(self, message: str, *, retry_after: float | None = None, native: object = None) -> None:
        super().__init__(message, native=native)
        self.retry_after = retry_after
