"""The OpenStack replay's process. `servers.openstack_replay` starts it.

All services are at one port, each below its own path. Administrators use `servers.door`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any, NoReturn, cast
from urllib.parse import SplitResult, parse_qsl, unquote
from uuid import uuid4

from servers import http_service
from servers.openstack_replay.identity import Credentials
from servers.openstack_replay.message import Reply, Request
from servers.openstack_replay.service import Service

__all__ = ["main"]


class Handler(http_service.Handler[Service]):
    """One connection."""

    _id = ""

    def answer(self, url: SplitResult, body: bytes) -> None:
        query = parse_qsl(url.query, keep_blank_values=True)
        headers = cast(Mapping[str, str], self.headers)
        self._id = f"req-{uuid4()}"
        self._send(self.service.answer(Request(self.command, unquote(url.path), query, headers, body, self._id)))

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the time by the region's clock."""
        return format_datetime(self.service.clock.now(), usegmt=True)

    def _send(self, reply: Reply) -> None:
        identity = {"x-openstack-request-id": self._id}
        if self.path.startswith(("/compute/", "/volume/")):
            identity["x-compute-request-id"] = self._id
        self.send(reply.status, reply.body, {**identity, **reply.headers})


def main(options: Mapping[str, Any]) -> NoReturn:
    """Serve until standard input closes."""
    credentials = Credentials(**options["credentials"])
    http_service.serve(
        options["port"],
        Handler,
        lambda port: Service(options["servers"], f"http://127.0.0.1:{port}", credentials),
    )


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
