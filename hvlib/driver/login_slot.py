"""LoginSlot: holds the login that stands, for drivers that keep one."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

from hvlib.driver.failures import SessionLost
from hvlib.model.errors import Closed

__all__ = ["LoginSlot"]

L = TypeVar("L")


class LoginSlot(Generic[L]):
    """The login that stands, if one does. Shared by threads."""

    def __init__(self) -> None:
        self.latest: L | None = None
        """The login in the slot; None while there is none."""
        self.closed = False
        self._lock = threading.Lock()

    @property
    def current(self) -> L:
        """The login that stands. Raises `SessionLost` if there is none, `Closed` after `close`."""
        self.check_open()
        login = self.latest
        if login is None:
            raise SessionLost("not logged in")
        return login

    def put(self, login: L) -> L | None:
        """Let a login stand. Returns the one that stood before."""
        with self._lock:
            before, self.latest = self.latest, login
        return before

    def take(self) -> L | None:
        """Empty the slot. Returns the login that stood: to one caller alone, who logs it out."""
        with self._lock:
            login, self.latest = self.latest, None
        return login

    def check_open(self) -> None:
        """Raise `Closed` after `close`."""
        if self.closed:
            raise Closed("the session was closed")

    def close(self) -> None:
        """Refuse every call from now on; the login stays until it is taken."""
        self.closed = True
