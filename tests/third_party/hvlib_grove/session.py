"""The session: composes the client and an adapter for each kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hvlib.driver import About, Adapter, Context, Endpoint, Session, SessionLost
from hvlib.model.errors import AuthenticationFailed, ConfigError
from hvlib.model.resources import Resource
from hvlib_grove.adapter import GroveAdapter
from hvlib_grove.client import Client
from hvlib_grove.errors import protocol_errors
from hvlib_grove.kinds.host import Hosts
from hvlib_grove.kinds.image import Images
from hvlib_grove.kinds.task import Tasks
from hvlib_grove.kinds.vm import VMs

__all__ = ["GroveSession"]


class GroveSession(Session):
    """One login to a Grove server."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self._endpoint = endpoint
        self._client = Client(endpoint, context)
        kinds: tuple[type[GroveAdapter[Any]], ...] = (VMs, Hosts, Images, Tasks)
        self._adapters = {kind.kind: kind(self._client) for kind in kinds}

    @property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        """VMs, hosts, images and tasks."""
        return self._adapters

    @property
    def native(self) -> Client:
        """The client, as Grove has no SDK: `Client.call` makes any request."""
        return self._client

    def login(self) -> None:
        """POST /sessions, GET /about: two round trips. What an earlier login left behind is logged out: one more.

        Raises `AuthenticationFailed` where the server refuses the login, `SessionLost` where it forgets the session
        that it has just accepted, `ConnectionFailed`, `ConfigError`.
        """
        user, password = self._endpoint.username, self._endpoint.password
        if user is None or password is None:
            raise ConfigError("grove:// needs a user and a password", hint="grove://USER@HOST, password=")
        self._client.log_out()
        try:
            reply = self._client.send("POST", "sessions", body={"user": user, "password": password.reveal()})
        except SessionLost as refusal:  # A session that was not accepted can't be lost.
            raise AuthenticationFailed(str(refusal), native=refusal.native, request_id=refusal.request_id) from refusal
        with protocol_errors():
            self._client.login = str(reply["token"])
            about = self._client.send("GET", "about")
            self._about = About(about["product"], about["version"], about["api"], about["uuid"])
        if self._client.closed:
            self._client.close()

    def about(self) -> About:
        """The server's name, version and identity. No round trip, they came with the login."""
        return self._about

    def close(self) -> None:
        """Log out; every call under way ends. Takes `hvlib_grove.client.LOGOUT_TIMEOUT` seconds at most."""
        self._client.close()
