"""The client: sends one request in the current login."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import inf
from typing import Any
from urllib.parse import quote, urlencode

from hvlib.driver import Context, Endpoint, Secret
from hvlib.driver.http import Connections
from hvlib.driver.login_slot import LoginSlot
from hvlib_grove.errors import read_reply
from hvlib_grove.login import Login

__all__ = ["Client", "Connection"]


class Connection:
    """Sends requests to one Grove server, with or without a login. Shared by threads."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self.pools = Connections(endpoint)
        self._context = context

    def send(
        self,
        verb: str,
        *path: str,
        parameters: Mapping[str, Any] = {},
        body: object = None,
        token: Secret | None = None,
        limit: float = inf,
    ) -> Any:
        """Send one request; return its reply, within ``limit`` seconds. Raises the errors of `hvlib_grove.errors`."""
        self._context.count_request(f"{verb} /{path[0]}")
        target = "/" + "/".join(quote(part, safe="") for part in path)
        if parameters:
            target += "?" + urlencode(parameters, doseq=True)
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        data = None if body is None else json.dumps(body).encode()
        limit = min(limit, self._context.timeout())
        with self.pools.own.exchange(verb, target, body=data, headers=headers, timeout=limit) as response:
            return read_reply(response)


class Client:
    """Sends requests in the current login."""

    def __init__(self, context: Context, connection: Connection, slot: LoginSlot[Login]) -> None:
        self.context = context
        self._connection = connection
        self.slot = slot

    def call(self, verb: str, *path: str, parameters: Mapping[str, Any] = {}, body: object = None) -> Any:
        """Send one request, with query ``parameters``; return its reply. Raises the errors of `hvlib_grove.errors`."""
        return self._connection.send(verb, *path, parameters=parameters, body=body, token=self.slot.current.token)
