"""LoginSlot: holds the login that stands, makes it and ends it, for drivers that have one login at a time."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from hvlib.driver.failures import SessionLost
from hvlib.model.errors import AuthenticationFailed, Closed

__all__ = ["LOGOUT_TIMEOUT", "Authenticator", "LoginSlot", "refused_logins"]

L = TypeVar("L")

LOGOUT_TIMEOUT = 2.0
"""Seconds that logging out may take."""


@contextmanager
def refused_logins(words: str, hint: str | None = None) -> Iterator[None]:
    """In the block, credentials are sent, and no session was accepted yet that could be lost.

    Raises `AuthenticationFailed` where the server refuses, in whichever way: ``words`` come before its own.
    """
    try:
        yield
    except (AuthenticationFailed, SessionLost) as error:
        raise AuthenticationFailed(
            f"{words}: {error}", hint=hint or error.hint, native=error.native, request_id=error.request_id
        ) from error


class Authenticator(ABC, Generic[L]):
    """Logs in to one server, and out, over the session's connections."""

    @abstractmethod
    def log_in(self) -> L:
        """Log in. Raises what `Session.login` may; a login that failed on the way leaves nothing on the server."""

    @abstractmethod
    def log_out(self, login: L) -> None:
        """Log out. Takes `LOGOUT_TIMEOUT` seconds at most; never raises."""

    @abstractmethod
    def cut(self) -> None:
        """End every call under way, and let none but `log_out` be sent from now on."""

    @abstractmethod
    def close(self) -> None:
        """Close the connections."""


class LoginSlot(Generic[L]):
    """The login that stands, if one does. Shared by threads."""

    def __init__(self, authenticator: Authenticator[L]) -> None:
        self.closed = False
        self.latest: L | None = None
        """The login that stands, whatever became of it; None while there is none."""
        self._authenticator = authenticator
        self._lock = threading.Lock()
        self._renewing = threading.RLock()  # Reentrant: a signal handler may log in where its own thread does.

    @property
    def current(self) -> L:
        """The login that stands. Raises `SessionLost` if there is none, `Closed` after `close`."""
        self.check_open()
        login = self.latest
        if login is None:
            raise SessionLost("not logged in")
        return login

    def renew(self) -> None:
        """Log out the login that stands, and log in. Raises what `Authenticator.log_in` does, and `Closed`."""
        with self._renewing:
            self.check_open()
            self._log_out()
            login = self._authenticator.log_in()
            with self._lock:
                self.latest = login
            if self.closed:  # `close` found no login yet: this one would be left behind.
                self._authenticator.cut()
                self._log_out()
            self.check_open()

    def renew_after(self, lost: L | None) -> None:
        """`renew`, unless another thread has done so since ``lost`` was the latest login."""
        with self._renewing:
            self.check_open()
            if self.latest is lost:
                self.renew()

    def check_open(self) -> None:
        """Raise `Closed` after `close`."""
        if self.closed:
            raise Closed("the session was closed")

    def close(self) -> None:
        """End every call, log out and close the connections. Takes `LOGOUT_TIMEOUT` seconds at most; never raises."""
        self.closed = True
        self._authenticator.cut()
        self._log_out()
        self._authenticator.close()

    def _log_out(self) -> None:
        with self._lock:
            login, self.latest = self.latest, None
        if login is not None:  # One caller alone gets it.
            self._authenticator.log_out(login)
