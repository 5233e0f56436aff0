"""The client: sends one request in the login that stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from math import inf
from typing import Any
from urllib.parse import quote, urlencode

from hvlib.driver import Context, Endpoint, SessionLost
from hvlib.driver.http import Address, Transport
from hvlib.model.errors import Closed, HvlibError
from hvlib_grove.errors import read_reply

__all__ = ["Client"]

LOGOUT_TIMEOUT = 2.0
"""Seconds that logging out may take."""


class Client:
    """The way to one Grove server."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self.context = context
        self.closed = False
        self.login: str | None = None
        """The token of the login that stands."""
        self._endpoint = endpoint
        self._transport: Transport | None = None

    def call(self, verb: str, *path: str, ask: Mapping[str, Any] = {}, body: object = None) -> Any:
        """One request, with the parameters ``ask``; its reply. Raises what `hvlib_grove.errors` says."""
        if self.closed:
            raise Closed("the session was closed")
        if self.login is None:
            raise SessionLost("not logged in")
        return self.send(verb, *path, ask=ask, body=body)

    def send(self, verb: str, *path: str, ask: Mapping[str, Any] = {}, body: object = None, limit: float = inf) -> Any:
        """`call`, also while no login stands or when all is closed, within ``limit`` seconds."""
        self.context.count_request(f"{verb} /{path[0]}")
        target = "/" + "/".join(quote(part, safe="") for part in path)
        if ask:
            target += "?" + urlencode(ask, doseq=True)
        headers = {"Content-Type": "application/json"}
        if self.login is not None:
            headers["Authorization"] = f"Bearer {self.login}"
        data = None if body is None else json.dumps(body).encode()
        if self._transport is None:
            self._transport = Transport(Address.of(self._endpoint))
        limit = min(limit, self.context.timeout())
        with self._transport.exchange(verb, target, body=data, headers=headers, timeout=limit) as response:
            return read_reply(response)

    def log_out(self) -> None:
        """DELETE /sessions/current, if a login stands. Takes `LOGOUT_TIMEOUT` seconds at most; never raises."""
        if self.login is not None:
            with suppress(HvlibError):
                self.send("DELETE", "sessions", "current", limit=LOGOUT_TIMEOUT)
            self.login = None

    def close(self) -> None:
        """Log out. Every call under way ends."""
        self.closed = True
        if self._transport is not None:
            self._transport.cut()
            self.log_out()
            self._transport.close()
