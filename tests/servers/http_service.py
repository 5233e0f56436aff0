"""The process of a test server that speaks HTTP on loopback: a thread for each connection, and a door for tests."""

from __future__ import annotations

import json
import os
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Generic, NoReturn, TypeVar, cast
from urllib.parse import SplitResult, urlsplit

from servers import door

__all__ = ["Handler", "Service", "serve"]


class Service(ABC):
    """The data and the calls of a server."""

    @property
    @abstractmethod
    def calls(self) -> Mapping[str, Callable[..., Any]]:
        """The administrator's calls by name."""


S = TypeVar("S", bound=Service)


class Handler(BaseHTTPRequestHandler, Generic[S]):
    """One client's connection. A subclass answers the requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # A reply leaves in one piece: in two, the second waits for the client's delayed acknowledgement.

    @property
    def service(self) -> S:
        """The server's service, one for all connections."""
        return cast(S, cast(_HTTPServer, self.server).service)

    @abstractmethod
    def answer(self, url: SplitResult, body: bytes) -> None:
        """Answer a client's request."""

    def send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """Send a reply."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """Answer one request of any method."""
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if url.path.startswith(door.PATH):
            reply = door.answer(self.service.calls, url.path.removeprefix(door.PATH), body)
            self.send(200, reply, {"Content-Type": "application/json"})
        else:
            self.answer(url, body)

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 -- the names that http.server looks for

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: the administrator's call ``requests`` counts them."""


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    service: Service

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error on standard error, unless the client has gone."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def serve(port: int, handler: type[Handler[S]], make: Callable[[int], S]) -> NoReturn:
    """Serve on loopback until standard input closes, by the agreement of `servers.process`.

    | port: 0 for any
    | make: makes the service, given the port
    """
    server = _HTTPServer(("127.0.0.1", port), handler)
    server.service = make(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": str(server.server_port)}), flush=True)
    sys.stdin.buffer.read()
    os._exit(0)
