"""HttpAuthenticator: logs in with a user and a password, over the connections of one session."""

from __future__ import annotations

from typing import TypeVar

from hvlib.driver.context import Context
from hvlib.driver.http.connections import Connections
from hvlib.driver.login_slot import Authenticator
from hvlib.model.endpoint import Endpoint, Secret
from hvlib.model.errors import ConfigError

__all__ = ["HttpAuthenticator"]

L = TypeVar("L")


class HttpAuthenticator(Authenticator[L]):
    """The part of an `Authenticator` that all drivers on `Connections` share."""

    def __init__(self, endpoint: Endpoint, context: Context, connections: Connections) -> None:
        self.endpoint = endpoint
        self.context = context
        self.connections = connections

    def credentials(self) -> tuple[str, Secret]:
        """The user and the password. Raises `ConfigError` if the address lacks one of them."""
        user, password, scheme = self.endpoint.username, self.endpoint.password, self.endpoint.driver
        if user is None or password is None:
            raise ConfigError(
                f"{scheme}:// needs a user and a password",
                hint=f"the user: {scheme}://USER@HOST; the password: password=, password_* in hvlib.yaml,"
                " or HVLIB_PASSWORD with HVLIB_PROVIDER",
            )
        return user, password

    def cut(self) -> None:
        """End every call under way."""
        self.connections.cut()

    def close(self) -> None:
        """Close the connections."""
        self.connections.close()
