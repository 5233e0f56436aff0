"""Helpers that record the requests of a client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from servers.faulty_fault import Delay
from servers.faulty_proxy import FaultyProxy
from servers.xapi import Xapi

__all__ = ["listening", "sent"]


@contextmanager
def listening(xapi: Xapi) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A URL of the server, and the list of the requests that are sent to this URL."""
    noted: list[dict[str, Any]] = []
    with FaultyProxy(("127.0.0.1", xapi.port)) as proxy:
        proxy.next(Delay(0), when=lambda request: noted.append(json.loads(request.body)) is not None)
        yield f"xenapi+http://{xapi.user}@127.0.0.1:{proxy.port}", noted


@contextmanager
def sent(xapi: Xapi) -> Iterator[dict[str, int]]:
    """The number of calls of each message in the block, by the server's own count; filled in at the end."""
    found: dict[str, int] = {}
    before = xapi.calls()
    yield found
    after = xapi.calls()
    found.update({name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)})
