"""Login: one login as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from hvlib.driver import About
from hvlib.driver.http import Transport

__all__ = ["Caller", "Login"]


class Caller(Protocol):
    """Sends calls to one server, in one session. `hvlib_xenapi.wire.caller.RpcCaller` implements it."""

    transport: Transport

    def over(self, transport: Transport) -> Caller:
        """Return a caller of the same session, over other connections."""

    def log_out(self, seconds: float) -> None:
        """End the session."""

    def call(
        self, name: str, parameters: Sequence[Any], *, result: Any = Any, wait: float = 0.0, limit: float | None = None
    ) -> Any:
        """Send one message, with the session's reference added: one round trip.

        | result: the type to decode the result into; Any: plain values, as the wire has them
        | wait: seconds that the server may wait before it answers
        | limit: seconds for everything else; None: the context's time-out
        """


class Login(msgspec.Struct):
    """One login, and the facts about the pool that it read.

    | pool, master, default_storage: references; ``default_storage`` is ``OpaqueRef:NULL`` if the pool has no default SR
    | members: the addresses of all hosts
    | database: identifies the database that answers: the master, and the time when its toolstack was started
    """

    caller: Caller
    pool: str
    master: str
    default_storage: str
    about: About
    members: list[str]
    database: str
    doubtful: bool = False
    """Whether the master has not answered in time, so that another member may have taken its place."""
