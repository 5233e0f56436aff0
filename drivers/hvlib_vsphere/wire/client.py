"""Client: sends calls in the current login."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from hvlib.driver import Context
from hvlib.driver.http import Connections, Transport
from hvlib.driver.login_slot import LoginSlot
from hvlib_vsphere.data_objects import MoRef, Row
from hvlib_vsphere.login import Login
from hvlib_vsphere.wire.caller import Caller
from hvlib_vsphere.wire.views import create_view

__all__ = ["Client"]


class Client:
    """Sends calls in the current login, over the session's connections. Shared by threads."""

    def __init__(self, context: Context, connections: Connections, slot: LoginSlot[Login]) -> None:
        self.context = context
        self.connections = connections
        self._slot = slot
        self._lock = threading.Lock()

    @property
    def login(self) -> Login:
        """The current login. Raises `SessionLost` if there is none, `Closed` after the session was closed."""
        return self._slot.current

    def caller(self, login: Login, transport: Transport | None = None) -> Caller:
        """A caller in one login, over this transport or the session's own."""
        return Caller(transport or self.connections.own, self.context, login)

    def call(
        self, method: str, this: MoRef, arguments: str = "", *, take: Callable[[Row], object] | None = None
    ) -> Any:
        """`Caller.call` in the current login."""
        return self.caller(self.login).call(method, this, arguments, take=take)

    def within(self, seconds: float) -> Caller:
        """`Calls.within`."""
        return self.caller(self.login).within(seconds)

    def view(self, native_type: str) -> MoRef:
        """The view of all objects of a type: ViewManager.CreateContainerView, once a login. It ends with the login."""
        login = self.login
        with self._lock:
            if native_type not in login.views:
                login.views[native_type] = create_view(self.caller(login), [native_type])
            return login.views[native_type]
