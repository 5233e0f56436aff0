"""The client: sends one call to a lab in the current login."""

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
    """Sends calls to a lab in the current login."""

    def __init__(self, context: Context, connection: Connection, slot: LoginSlot[Login]) -> None:
        self.context = context
        self.connection = connection
        self._slot = slot

    @property
    def lab(self) -> Lab:
        """The lab, which is made or opened at first use."""
        return self.connection.lab

    @property
    def login(self) -> Login | None:
        """The current login; None while there is none."""
        return self._slot.latest

    @contextmanager
    def call(self, name: str, waking: threading.Event | None = None) -> Iterator[None]:
        """One round trip; the ``with`` block is the lab's part of it. ``waking`` ends the connection's latency early.

        Raises `SessionLost` if the lab does not know the login, `Closed` if the session was closed, and
        `ConnectionFailed` if the reply is lost.
        """
        login = self.login
        with self.connection.crossing(name, waking):
            self.check(login)
            yield

    def check(self, login: Login | None) -> None:
        """Raise `Closed` if the session was closed, `SessionLost` if the lab does not know the login."""
        self.connection.check_open()
        self.lab.check(login.token.reveal() if login else None)
