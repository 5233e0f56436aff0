"""The client: sends one request in the login that stands."""

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
    """Requests to one Grove server, in any login or none. Shared by threads."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self.pools = Connections(endpoint)
        self._context = context

    def send(
        self,
        verb: str,
        *path: str,
        ask: Mapping[str, Any] = {},
        body: object = None,
        token: Secret | None = None,
        limit: float = inf,
    ) -> Any:
        """One request, within ``limit`` seconds; its reply. Raises what `hvlib_grove.errors` says."""
        self._context.count_request(f"{verb} /{path[0]}")
        target = "/" + "/".join(quote(part, safe="") for part in path)
        if ask:
            target += "?" + urlencode(ask, doseq=True)
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        data = None if body is None else json.dumps(body).encode()
        limit = min(limit, self._context.timeout())
        with self.pools.own.exchange(verb, target, body=data, headers=headers, timeout=limit) as response:
            return read_reply(response)


class Client:
    """Requests in the login that stands."""

    def __init__(self, context: Context, connection: Connection, slot: LoginSlot[Login]) -> None:
        self.context = context
        self._connection = connection
        self.slot = slot

    def call(self, verb: str, *path: str, ask: Mapping[str, Any] = {}, body: object = None) -> Any:
        """One request, with the parameters ``ask``; its reply. Raises what `hvlib_grove.errors` says."""
        return self._connection.send(verb, *path, ask=ask, body=body, token=self.slot.current.token)
