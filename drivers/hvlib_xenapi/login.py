"""Login: one login as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from hvlib.driver import About
from hvlib.driver.http import Transport

__all__ = ["Caller", "Login"]


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
        """Send one message in the session, whose reference is added: one round trip.

        | result: the type to decode the result into; Any: plain values, as the wire has them
        | wait: seconds that the server itself may take
        | limit: seconds for all else; None: the time-out
        """


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
