"""LoginSlot: makes, holds and ends the current login, for drivers that have one login at a time."""

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
    """Raise `AuthenticationFailed` where the block raises that or `SessionLost`.

    The block sends credentials. No session is accepted yet, so none can be lost: a refusal is always one of the login.
    ``words`` are put before the server's own message.
    """
    try:
        yield
    except (AuthenticationFailed, SessionLost) as error:
        raise AuthenticationFailed(
            f"{words}: {error}", hint=hint or error.hint, native=error.native, request_id=error.request_id
        ) from error


class Authenticator(ABC, Generic[L]):
    """Logs in to one server and out of it, over the session's connections."""

    @abstractmethod
    def log_in(self) -> L:
        """Log in. Raises the errors of `Session.login`; a login that fails midway leaves nothing on the server."""

    @abstractmethod
    def log_out(self, login: L) -> None:
        """Log out. Takes `LOGOUT_TIMEOUT` seconds at most; never raises."""

    @abstractmethod
    def cut(self) -> None:
        """End every call under way. From now on only `log_out` may send a request."""

    @abstractmethod
    def close(self) -> None:
        """Close the connections."""


class LoginSlot(Generic[L]):
    """The current login, if there is one. Shared by threads."""

    def __init__(self, authenticator: Authenticator[L]) -> None:
        self.closed = False
        self.latest: L | None = None
        """The current login, even after the server has dropped it; None while there is none."""
        self._authenticator = authenticator
        self._lock = threading.Lock()
        self._renewing = threading.RLock()  # Reentrant: a signal handler may log in while its own thread is logging in.

    @property
    def current(self) -> L:
        """The current login. Raises `SessionLost` if there is none, `Closed` after `close`."""
        self.check_open()
        login = self.latest
        if login is None:
            raise SessionLost("not logged in")
        return login

    def renew(self) -> None:
        """Log out of the current login, and log in. Raises the errors of `Authenticator.log_in`, and `Closed`."""
        with self._renewing:
            self.check_open()
            self._log_out()
            login = self._authenticator.log_in()
            with self._lock:
                self.latest = login
            if self.closed:  # `close` ran before this login was stored: nobody else would log it out.
                self._authenticator.cut()
                self._log_out()
            self.check_open()

    def renew_after(self, lost: L | None) -> None:
        """Call `renew`, unless another thread has renewed the login since ``lost`` was the latest one."""
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
        if login is not None:  # The lock gives each login to one caller only.
            self._authenticator.log_out(login)
