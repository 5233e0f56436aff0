"""The OpenStack replay's process. `servers.openstack_replay` starts it.

All services are at one port, each below a path of its own. Below ``/hvlib`` tests do as they please.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import threading
from collections.abc import Mapping
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import uuid4

from servers.openstack_replay.fault import Fault, Planned
from servers.openstack_replay.identity import Credentials
from servers.openstack_replay.message import Reply, Request
from servers.openstack_replay.service import Service

__all__ = ["main"]

DOOR = "/hvlib/"
LOOK = 0.02  # seconds between looks at a client that waits


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    _id = ""
    wbufsize = -1  # a small reply leaves in one piece

    def do_GET(self) -> None:
        """One request."""
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        service = cast(ReplayHTTPServer, self.server).service
        if url.path.startswith(DOOR):
            self._send(service.administer(url.path.removeprefix(DOOR), json.loads(body)))
            return
        query = parse_qsl(url.query, keep_blank_values=True)
        headers = cast(Mapping[str, str], self.headers)
        self._id = f"req-{uuid4()}"
        answer = service.answer(Request(self.command, unquote(url.path), query, headers, body, self._id))
        self._send_badly(answer.reply, answer.fault)

    do_POST = do_DELETE = do_GET  # noqa: N815 -- the names that http.server looks for

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The time by the region's clock."""
        return format_datetime(cast(ReplayHTTPServer, self.server).service.clock.now(), usegmt=True)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: `requests` tells."""

    def _send_badly(self, reply: Reply, planned: Planned | None) -> None:
        half = len(reply.body) // 2
        match planned.fault if planned else None:
            case Fault.CUT:
                self._send(reply, half)
                self.close_connection = True
            case Fault.TRUNCATED:
                self._send(Reply(reply.status, reply.body[:half], reply.headers))
            case Fault.FROZEN if planned and self._client_left(planned):
                self.close_connection = True
            case _:
                self._send(reply)

    def _send(self, reply: Reply, size: int | None = None) -> None:
        """Send a reply, or what comes before so many bytes of its body."""
        self.send_response(reply.status)
        self.send_header("x-openstack-request-id", self._id)
        if self.path.startswith(("/compute/", "/volume/")):
            self.send_header("x-compute-request-id", self._id)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[:size])

    def _client_left(self, planned: Planned) -> bool:
        """Wait until the client has gone, or faults are cleared; whether it has gone."""
        while not planned.cleared.wait(LOOK):
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                return True
        return False


class ReplayHTTPServer(ThreadingHTTPServer):
    """A thread for each connection."""

    daemon_threads = True
    request_queue_size = 128
    service: Service

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def main(options: Mapping[str, Any]) -> None:
    """Serve until standard input closes."""
    server = ReplayHTTPServer(("127.0.0.1", options["port"]), Handler)
    origin = f"http://127.0.0.1:{server.server_port}"
    server.service = Service(options["servers"], origin, Credentials(**options["credentials"]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": str(server.server_port)}), flush=True)
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
