"""HTTP as xapi serves it, over TCP, TLS and a unix socket (ocaml/libs/http-lib/http_svr.ml)."""

from __future__ import annotations

import contextlib
import os
import socket
import socketserver
import ssl
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any, cast
from urllib.parse import urlsplit

__all__ = ["Answer", "ConnectionDropped", "HTTPError", "HTTPServer", "Reply"]

BODY_LIMIT = 300 * 1024
HANDSHAKE_SECONDS = 10.0
ERROR_PAGES = {
    403: ("Forbidden", "<h1>HTTP 403 forbidden</h1>Access to the requested resource is forbidden."),
    500: (
        "Internal Error",
        "<h1>HTTP 500 internal server error</h1>An unexpected error occurred; please wait a while and try again.",
    ),
    501: ("Method not implemented", "<h1>HTTP 501 Method Not Implemented</h1>"),
}

Reply = tuple[str, bytes]
"""A reply's content type, and its body."""

Answer = Callable[[str, bytes], Reply]
"""A function that answers a request, given its path and body. It raises `HTTPError` or `ConnectionDropped`."""


class HTTPError(Exception):
    """Raised to answer a request with a page of HTML, and then end the connection."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


class ConnectionDropped(Exception):
    """Raised to end the connection, after sending ``reply``. ``length`` is the Content-Length to send."""

    def __init__(self, reply: bytes = b"", length: int = 0) -> None:
        self.reply = reply
        self.length = length
        super().__init__()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # A reply is sent in one piece: a second piece would wait for the client's delayed acknowledgement.
    disable_nagle_algorithm = False

    def do_POST(self) -> None:
        """Answer a call."""
        try:
            content_type, body = cast(HTTPServer, self.server).answer(urlsplit(self.path).path, self._body())
        except HTTPError as error:
            self._page(error.status)
        except ConnectionDropped as dropped:
            self.close_connection = True
            if dropped.reply:
                self._send(dropped.reply, "text/html", dropped.length)
        except Exception:
            traceback.print_exc()
            self._page(500)
        else:
            self._send(body, content_type, len(body))

    def do_GET(self) -> None:
        """Refuse the request: only calls are served."""
        self._page(403)

    do_PUT = do_GET  # noqa: N815 -- a name that http.server looks for

    def send_error(self, code: int, *_: str | None) -> None:
        """Answer a malformed request as xapi does."""
        self._page(501 if code == 501 else 500)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: `Faults.calls` counts the calls."""

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > BODY_LIMIT:
            raise HTTPError(500)
        return self.rfile.read(int(length))

    def _send(self, body: bytes, content_type: str, length: int) -> None:
        self.send_response_only(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        self.send_header("Cache-Control", "no-cache, no-store")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    def _page(self, status: int) -> None:
        self.close_connection = True
        reason, text = ERROR_PAGES[status]
        body = f"<html><body>{text}</body></html>".encode()
        self.send_response_only(status, reason)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


class HTTPServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A server with a thread for each connection. ``where`` is an address and a port, or the path of a unix socket."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, where: tuple[str, int] | str, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.address_family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
        self._tls = tls
        self._closing = False
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(cast(Any, where), _Handler)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        """Serve, in a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """End the server and its connections, as a crash would."""
        self._closing = True
        self.socket.shutdown(socket.SHUT_RDWR)  # ends the wait for the next connection
        self._thread.join()
        self.server_close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        if isinstance(self.server_address, str):
            os.unlink(self.server_address)

    def _serve(self) -> None:
        while not self._closing:
            with contextlib.suppress(OSError):  # the client has gone already, or the server is to end
                request, client = self.get_request()
                with self._lock:
                    self._connections.add(request)
                self.process_request(request, client)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection, in its own thread, so that its TLS handshake does not delay other connections."""
        plain = request
        try:
            with contextlib.suppress(OSError):  # the client has gone
                if self._tls:
                    request = self._secured(plain, self._tls)
                _Handler(request, client_address, self)
        finally:
            with self._lock:
                self._connections -= {plain, request}
            if request is not plain:
                request.close()

    def _secured(self, plain: socket.socket, tls: ssl.SSLContext) -> ssl.SSLSocket:
        """Return a connection with TLS. A client that does not complete the handshake in time is dropped."""
        plain.settimeout(HANDSHAKE_SECONDS)
        request = tls.wrap_socket(plain, server_side=True)
        with self._lock:
            self._connections.add(request)
        if self._closing:
            raise ConnectionAbortedError("the server has ended")
        request.settimeout(None)
        return request

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        with contextlib.suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)
        self.close_request(request)
