"""Authentication: logs in, and out."""

from __future__ import annotations

from contextlib import suppress

from hvlib.driver import About, Context, Endpoint, Secret, protocol_errors
from hvlib.driver.http import HttpAuthenticator
from hvlib.driver.login_slot import LOGOUT_TIMEOUT, refused_logins
from hvlib.model.errors import HvlibError
from hvlib_grove.client import Connection
from hvlib_grove.login import Login

__all__ = ["GroveAuthenticator"]


class GroveAuthenticator(HttpAuthenticator[Login]):
    """Logs in to a Grove server, and out."""

    def __init__(self, endpoint: Endpoint, context: Context, connection: Connection) -> None:
        super().__init__(endpoint, context, connection.pools)
        self._connection = connection

    def log_in(self) -> Login:
        """POST /sessions, GET /about: two round trips.

        Raises `AuthenticationFailed` if the server refuses the login, `SessionLost` if it loses the session that it has
        just accepted, `ConnectionFailed`, `ConfigError`.
        """
        user, password = self.credentials()
        with refused_logins("the server refuses the login"):
            reply = self._connection.send("POST", "sessions", body={"user": user, "password": password.reveal()})
        with protocol_errors():
            token = Secret(str(reply["token"]))
        try:
            about = self._connection.send("GET", "about", token=token)
            with protocol_errors():
                return Login(token, About(about["product"], about["version"], about["api"], about["uuid"]))
        except HvlibError:
            self._end(token)
            raise

    def log_out(self, login: Login) -> None:
        """DELETE /sessions/current: one round trip."""
        self._end(login.token)

    def _end(self, token: Secret) -> None:
        with suppress(HvlibError):
            self._connection.send("DELETE", "sessions", "current", token=token, limit=LOGOUT_TIMEOUT)
