"""The session: login, requests, logout."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode

from hvlib import driver
from hvlib.driver import About, Adapter, Context, Endpoint, SessionLost, Started
from hvlib.driver.http import Address, Transport
from hvlib.model.errors import Closed, ConfigError, HvlibError
from hvlib.model.resources import Resource, TaskRecord
from hvlib_grove.adapter import GroveAdapter
from hvlib_grove.errors import read_reply, understood
from hvlib_grove.host import Hosts
from hvlib_grove.image import Images
from hvlib_grove.task import Tasks
from hvlib_grove.vm import VMs

__all__ = ["GroveSession"]

FAREWELL = 2.0
"""Seconds that logging out may take."""


class GroveSession(driver.Session):
    """One login to a Grove server."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self.context = context
        self._endpoint = endpoint
        self._transport: Transport | None = None
        self._token: str | None = None
        self._closed = False
        adapters: list[GroveAdapter[Any]] = [VMs(self), Hosts(self), Images(self), Tasks(self)]
        self._adapters = {adapter.kind: adapter for adapter in adapters}

    @property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        """VMs, hosts, images and tasks."""
        return self._adapters

    @property
    def native(self) -> GroveSession:
        """The session itself, as Grove has no SDK: `call` makes any request."""
        return self

    def login(self) -> None:
        """POST /sessions, GET /about: two round trips. What an earlier login left behind is logged out: one more.

        Raises `AuthenticationFailed`, `ConnectionFailed`, `ConfigError`.
        """
        user, password = self._endpoint.username, self._endpoint.password
        if user is None or password is None:
            raise ConfigError("grove:// needs a user and a password", hint="grove://USER@HOST, password=")
        if self._transport is None:
            self._transport = Transport(Address.of(self._endpoint))
        self._log_out()
        reply = self._exchange("POST", ["sessions"], body={"user": user, "password": password.reveal()})
        with understood():
            self._token = str(reply["token"])
            about = self._exchange("GET", ["about"])
            self._about = About(about["product"], about["version"], about["api"], about["uuid"])
        if self._closed:
            self.close()

    def about(self) -> About:
        """What the server says of itself. No round trip, it came with the login."""
        return self._about

    def call(self, method: str, *path: str, ask: Mapping[str, Any] | None = None, body: object = None) -> Any:
        """One request, with the parameters ``ask``; its reply. Raises what `hvlib_grove.errors` says."""
        if self._closed:
            raise Closed("the session was closed")
        if self._token is None:
            raise SessionLost("not logged in")
        return self._exchange(method, path, ask=ask, body=body)

    def start_task(self, method: str, *path: str, body: object = None) -> Started:
        """One request that the server answers with a task."""
        reply = self.call(method, *path, body=body)
        with understood():
            return Started(self.context.ref(TaskRecord, reply["task"]))

    def close(self) -> None:
        """DELETE /sessions/current; every call under way ends. Takes `FAREWELL` seconds at most."""
        self._closed = True
        if self._transport is not None:
            self._transport.cut()
            self._log_out()
            self._transport.close()

    def _log_out(self) -> None:
        if self._token is not None:
            with suppress(HvlibError):
                self._exchange("DELETE", ["sessions", "current"], seconds=FAREWELL)
            self._token = None

    def _exchange(
        self,
        method: str,
        path: Sequence[str],
        *,
        ask: Mapping[str, Any] | None = None,
        body: object = None,
        seconds: float = math.inf,
    ) -> Any:
        self.context.count_request(f"{method} /{path[0]}")
        target = "/" + "/".join(quote(part, safe="") for part in path)
        if ask:
            target += "?" + urlencode(ask, doseq=True)
        headers = {"Content-Type": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        limit = min(seconds, self.context.timeout())
        data = None if body is None else json.dumps(body).encode()
        assert self._transport is not None
        with self._transport.exchange(method, target, body=data, headers=headers, timeout=limit) as response:
            return read_reply(response)
