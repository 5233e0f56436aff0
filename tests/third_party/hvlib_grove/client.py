"""The client: sends one request in the login that stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hvlib.driver import Context
from hvlib.driver.login_slot import LoginSlot
from hvlib_grove.connection import Connection
from hvlib_grove.login import Login

__all__ = ["Client"]


class Client:
    """Requests in the login that stands."""

    def __init__(self, context: Context, connection: Connection, slot: LoginSlot[Login]) -> None:
        self.context = context
        self._connection = connection
        self._slot = slot

    @property
    def login(self) -> Login:
        """The login that stands. Raises `SessionLost` if there is none, `Closed` after the session's end."""
        return self._slot.current

    def call(self, verb: str, *path: str, ask: Mapping[str, Any] = {}, body: object = None) -> Any:
        """One request, with the parameters ``ask``; its reply. Raises what `hvlib_grove.errors` says."""
        return self._connection.send(verb, *path, ask=ask, body=body, token=self.login.token)
