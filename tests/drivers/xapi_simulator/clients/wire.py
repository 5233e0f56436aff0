"""The plain client over HTTP, with a connection for each call."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path

from drivers.xapi_simulator.clients.plain import TIMEOUT, Client
from hvlib_xapi_simulator import Simulator

__all__ = ["WireClient"]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self.path)


class WireClient(Client):
    """Calls over a member's address, or over a unix socket."""

    def __init__(self, simulator: Simulator, address: str = "127.0.0.1", unix_socket: Path | None = None) -> None:
        super().__init__(simulator, address)
        self.unix_socket = unix_socket

    def post(self, path: str, body: bytes) -> tuple[int, str, bytes]:
        """Return the status, the type and the body of a reply."""
        connection = self.connect()
        try:
            connection.request("POST", path, body)
            response = connection.getresponse()
            return response.status, response.headers["Content-Type"], response.read()
        finally:
            connection.close()

    def connect(self) -> http.client.HTTPConnection:
        if self.unix_socket:
            return UnixConnection(str(self.unix_socket))
        return http.client.HTTPConnection(self.address, self.simulator.port, timeout=TIMEOUT)
