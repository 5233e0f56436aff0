"""Logins: one login as data, and the slot that holds the login that stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from hvlib.driver import About, SessionLost
from hvlib.driver.http import Transport
from hvlib.model.errors import Closed

__all__ = ["Caller", "Login", "LoginSlot"]


class Caller(Protocol):
    """Sends calls to one server, in one session: `hvlib_xenapi.wire.caller.RpcCaller`."""

    transport: Transport

    def over(self, transport: Transport) -> Caller:
        """Return a caller of the same session, over other connections."""

    def log_out(self, seconds: float) -> None:
        """End the session."""

    def call(
        self, name: str, parameters: Sequence[Any], *, result: Any = Any, wait: float = 0.0, limit: float | None = None
    ) -> Any:
        """Send one message in the session."""


class Login(msgspec.Struct):
    """One login, and what the pool and its master said of themselves then.

    | pool, master, default_storage: references, the last one ``OpaqueRef:NULL`` if there is none
    | members: the addresses of all hosts
    | database: names the database that answers: the master, and when its toolstack was started
    """

    caller: Caller
    pool: str
    master: str
    default_storage: str
    about: About
    members: list[str]
    database: str
    doubtful: bool = False
    """The master has not answered in time, and another member may have taken its place."""


class LoginSlot:
    """Holds the login that stands. Shared by threads."""

    def __init__(self) -> None:
        self.latest: Login | None = None
        """The login that was made last, whatever became of it. None while there is none."""
        self.closed = False

    @property
    def current(self) -> Login:
        """The login that stands. Raises `SessionLost` if there is none, `Closed` once the session is closed."""
        self.check_open()
        if self.latest is None:
            raise SessionLost("not logged in")
        if self.latest.doubtful:
            raise SessionLost("the master has not answered in time: it may be another one now")
        return self.latest

    def check_open(self) -> None:
        """Raise `Closed` once the session is closed."""
        if self.closed:
            raise Closed("the session was closed")

    def take(self) -> Login | None:
        """Empty the slot: the login that was in it."""
        login, self.latest = self.latest, None
        return login
