"""The client: sends one call to a lab in the login that stands."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hvlib.driver import Context
from hvlib.driver.login_slot import LoginSlot
from hvlib_sim.connection import Connection
from hvlib_sim.lab.lab import Lab
from hvlib_sim.login import Login

__all__ = ["Client"]


class Client:
    """Calls to a lab in the login that stands."""

    def __init__(self, context: Context, connection: Connection, slot: LoginSlot[Login]) -> None:
        self.context = context
        self.connection = connection
        self._slot = slot

    @property
    def lab(self) -> Lab:
        """The lab; made or opened now if it is not there yet."""
        return self.connection.lab

    @property
    def login(self) -> Login | None:
        """The login that stands; None while there is none."""
        return self._slot.latest

    @contextmanager
    def call(self, name: str, waking: threading.Event | None = None) -> Iterator[None]:
        """A round trip: the block is what the lab does. ``waking`` cuts the time that the way takes short.

        Raises `SessionLost` if the lab does not know the login, `Closed` if this side closed it, and
        `ConnectionFailed` where the reply is lost.
        """
        login = self.login
        with self.connection.crossing(name, waking):
            self.check(login)
            yield

    def check(self, login: Login | None) -> None:
        """Raise `Closed` if the session was closed, `SessionLost` if the lab does not know the login."""
        self.connection.check_open()
        self.lab.check(login.token.reveal() if login else None)
