"""PropertyService: the calls of the native layer, in the login of a provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hvlib.driver import SessionLost
from hvlib.driver.http import Transport
from hvlib.model.errors import ConnectionFailed, InvalidQuery
from hvlib_vsphere.data_objects import MoRef, Row
from hvlib_vsphere.login import Login
from hvlib_vsphere.wire.caller import Caller
from hvlib_vsphere.wire.client import Client

__all__ = ["PropertyService"]


class PropertyService:
    """Calls methods of the server in a provider's login: ``PropertyService(provider.native)``.

    Shared by threads. Nothing is repeated: a call whose connection breaks raises `ConnectionFailed`. So does each call
    once the session has ended; collectors, filters and views have ended with it. The provider logs in again with its
    next call.
    """

    def __init__(self, native: Any) -> None:
        client = getattr(getattr(native, "_stub", None), "client", None)
        if not isinstance(client, Client):
            raise InvalidQuery("the native layer needs provider.native of a vSphere provider")
        self._client = client

    @property
    def login(self) -> Login:
        """The current login. No round trip."""
        with lost_sessions():
            return self._client.login

    def call(
        self, method: str, this: MoRef, arguments: str = "", *, take: Callable[[Row], object] | None = None
    ) -> Any:
        """Call ``method`` of the object ``this``, and return its value: one round trip.

        | arguments: elements in the order that the API gives them, made by `hvlib_vsphere.property.element`
        | take: receives the objects of a RetrieveResult one by one
        """
        with lost_sessions():
            return self._client.call(method, this, arguments, take=take)

    def within(self, seconds: float) -> Caller:
        """A caller in the same login, whose calls take ``seconds`` at most."""
        with lost_sessions():
            return self._client.within(seconds)

    def apart(self) -> tuple[Caller, Transport]:
        """A caller over connections of its own, for calls that wait at the server. The connections must be closed."""
        connections = self._client.connections
        transport = connections.apart(connections.address)
        return self._client.caller(self.login, transport), transport


@contextmanager
def lost_sessions() -> Iterator[None]:
    """A block in which a lost session is raised as `ConnectionFailed`."""
    try:
        yield
    except SessionLost as error:
        raise ConnectionFailed(
            f"the session has ended: {error}", native=error.native, hint="the provider's next call logs in again"
        ) from error
