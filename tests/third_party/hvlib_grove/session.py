"""The session: composes the client and an adapter for each kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hvlib.driver import About, Adapter, Context, Endpoint, Session
from hvlib.driver.login_slot import LoginSlot
from hvlib.driver.options import seconds_option
from hvlib.model.resources import Resource
from hvlib_grove.adapter import TableAdapter
from hvlib_grove.authentication import GroveAuthenticator
from hvlib_grove.client import Client, Connection
from hvlib_grove.kinds.host import Hosts
from hvlib_grove.kinds.image import Images
from hvlib_grove.kinds.task import Tasks
from hvlib_grove.kinds.vm import VMs

__all__ = ["GroveSession"]


class GroveSession(Session):
    """One login to a Grove server."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self.poll_interval = seconds_option(endpoint, "poll_interval", self.poll_interval)
        connection = Connection(endpoint, context)
        self._slot = LoginSlot(GroveAuthenticator(endpoint, context, connection))
        self._client = Client(context, connection, self._slot)
        kinds: tuple[type[TableAdapter[Any]], ...] = (VMs, Hosts, Images, Tasks)
        self._adapters = {kind.kind: kind(self._client) for kind in kinds}

    @property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        """The adapters of VMs, hosts, images and tasks."""
        return self._adapters

    @property
    def native(self) -> Client:
        """The client, as Grove has no SDK: `Client.call` sends any request."""
        return self._client

    def login(self) -> None:
        """POST /sessions, GET /about: two round trips. An earlier login is logged out first: one more."""
        self._slot.renew()

    def about(self) -> About:
        """The server's name, version and identity. No round trip: they came with the login."""
        return self._slot.current.about

    def close(self) -> None:
        """Log out, and end every call in progress. Takes `hvlib.driver.login_slot.LOGOUT_TIMEOUT` seconds at most."""
        self._slot.close()
