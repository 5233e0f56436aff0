"""Login: one thread logs in while the others wait for it, and again after the session was lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress

from hvlib.driver import SessionLost
from hvlib.model.errors import ConnectionFailed

__all__ = ["SESSIONS_PER_CALL", "LoginAttempt", "SharedLogin", "dropped_sessions"]

SESSIONS_PER_CALL = 3
"""How many sessions one call, or one login, may lose in a row before it fails."""


class LoginAttempt(Future[None]):
    """One login, for which every thread that needs it waits. It represents the session until that is lost."""

    def settle(self, error: Exception | None) -> None:
        """Set the outcome for all waiting threads. A second outcome is ignored."""
        with suppress(InvalidStateError):
            if error is None:
                self.set_result(None)
            else:
                self.set_exception(error)


class SharedLogin:
    """The present login, if there is one. ``log_in`` logs in, and raises if it can't."""

    def __init__(self, log_in: Callable[[], None]) -> None:
        self._log_in = log_in
        self._lock = threading.RLock()  # Reentrant: a signal handler may close what its own thread logs in.
        self._attempt: LoginAttempt | None = None

    def ensure(self) -> LoginAttempt:
        """The present login. If there is none, one thread logs in; the others wait for it and share its outcome."""
        with self._lock:
            attempt = self._attempt
            mine = attempt is None
            if attempt is None:
                attempt = self._attempt = LoginAttempt()
        if mine:
            self._make(attempt)
        attempt.result()
        return attempt

    def lose(self, attempt: LoginAttempt) -> None:
        """Forget a login whose session is gone: the next call logs in."""
        with self._lock:
            if self._attempt is attempt:
                self._attempt = None

    def fail(self, error: Exception) -> None:
        """End the wait of every thread for the login that is under way."""
        with self._lock:
            attempt = self._attempt
        if attempt is not None:
            attempt.settle(error)

    def _make(self, attempt: LoginAttempt) -> None:
        try:
            self._log_in()
        except BaseException as error:
            self.lose(attempt)
            attempt.settle(error if isinstance(error, Exception) else ConnectionFailed("the login was interrupted"))
            raise
        attempt.settle(None)


def dropped_sessions(error: SessionLost) -> ConnectionFailed:
    """The error of a call whose sessions the server dropped, one after another.

    It is no `AuthenticationFailed`: the server accepted the password.
    """
    return ConnectionFailed(
        f"the server dropped {SESSIONS_PER_CALL} sessions in a row soon after their login: {error}", native=error.native
    )
