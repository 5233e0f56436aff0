"""Authentication: logs in to a lab, and out."""

from __future__ import annotations

import threading
from contextlib import suppress

from hvlib.driver import Secret
from hvlib.driver.login_slot import Authenticator, refused_logins
from hvlib.model.errors import HvlibError
from hvlib_sim.connection import Connection
from hvlib_sim.login import Login

__all__ = ["SimAuthenticator"]


class SimAuthenticator(Authenticator[Login]):
    """Logs in to a lab, and out."""

    def __init__(self, connection: Connection, password: Secret | None) -> None:
        self._connection = connection
        self._password = password
        self._logging_in = threading.Lock()

    def log_in(self) -> Login:
        """Login: one round trip. Raises `AuthenticationFailed` if the lab refuses the login."""
        with self._logging_in, refused_logins("the lab refuses the login"), self._connection.crossing("Login"):
            return Login(Secret(self._connection.lab.login(self._password)))

    def log_out(self, login: Login) -> None:
        """Logout: one round trip."""
        with suppress(HvlibError), self._connection.last_crossing("Logout"):
            self._connection.lab.logout(login.token.reveal())

    def cut(self) -> None:
        """End every waiting call, including the calls of feeds."""
        self._connection.cut()

    def close(self) -> None:
        """Close the connection to the lab, after a login in progress has ended."""
        with self._logging_in:
            self._connection.close()
