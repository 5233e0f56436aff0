"""Connection: sends requests to one Grove server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import inf
from typing import Any
from urllib.parse import quote, urlencode

from hvlib.driver import Context, Endpoint, Secret
from hvlib.driver.http import Address, Transport
from hvlib_grove.errors import read_reply

__all__ = ["Connection"]


class Connection:
    """The way to one Grove server. Shared by threads."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self._endpoint = endpoint
        self._context = context
        self._transport: Transport | None = None

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
        if self._transport is None:
            self._transport = Transport(Address.of(self._endpoint))
        with self._transport.exchange(verb, target, body=data, headers=headers, timeout=limit) as response:
            return read_reply(response)

    def cut(self) -> None:
        """End every request under way."""
        if self._transport is not None:
            self._transport.cut()

    def close(self) -> None:
        """Keep nothing open."""
        if self._transport is not None:
            self._transport.close()
