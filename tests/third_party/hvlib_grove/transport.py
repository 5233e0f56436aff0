"""Connections to one server: kept alive, each exchange bounded as a whole, cut from any thread."""

from __future__ import annotations

import socket
import ssl
import threading
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection

from hvlib.driver import Endpoint
from hvlib.errors import ConfigError
from hvlib_grove.errors import connection_errors

__all__ = ["Transport"]

CONNECTIONS = 32
"""Connections that are kept when they are idle; there may be more at a time."""

DEADLINE: ContextVar[float] = ContextVar("DEADLINE")
"""When the exchange of this thread ends, on the monotonic clock."""


class PlainSocket(socket.socket):
    """A socket on which an exchange ends in time, however little the server sends at a time."""

    def recv_into(self, *args: Any, **options: Any) -> int:
        """Read what is there; http.client reads all of a reply so."""
        self.settimeout(_left())
        return super().recv_into(*args, **options)

    def sendall(self, *args: Any, **options: Any) -> None:
        """Write it all."""
        self.settimeout(_left())
        super().sendall(*args, **options)


class TlsSocket(PlainSocket, ssl.SSLSocket):
    """The same over TLS."""


class PlainConnection(HTTPConnection):
    """HTTP without TLS."""

    def connect(self) -> None:
        """Connect."""
        super().connect()
        self.sock = PlainSocket(fileno=self.sock.detach())


class Transport:
    """A pool of connections, shared by threads."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._plain = endpoint.scheme.endswith("+http")
        self._port = endpoint.port or (80 if self._plain else 443)
        self.server = f"{endpoint.host}:{self._port}"
        self._lock = threading.Lock()
        self._pool: urllib3.HTTPConnectionPool | None = None
        self._connections: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()

    def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, seconds: float
    ) -> urllib3.BaseHTTPResponse:
        """Send a request and read all of its reply, in so many seconds.

        Raises `NotSent`, `ConnectionTimeout`, `ConnectionFailed`, and `ConfigError` for a ``cacert`` that is none.
        """
        pool = self._open_pool()
        token = DEADLINE.set(time.monotonic() + seconds)
        try:
            with connection_errors(self.server):
                return pool.urlopen(
                    method, target, body, headers, retries=False, redirect=False, timeout=urllib3.Timeout(seconds)
                )
        finally:
            DEADLINE.reset(token)

    def cut(self) -> None:
        """End every connection: whoever waits on one gets `ConnectionFailed` at once."""
        with self._lock:
            pool, self._pool = self._pool, None
            connections = list(self._connections)
        for connection in connections:
            sock = getattr(connection, "sock", None)
            if sock is not None:
                with suppress(OSError):
                    # Below TLS, whose own shutdown must not run while another thread reads.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)
        if pool is not None:
            pool.close()

    def _open_pool(self) -> urllib3.HTTPConnectionPool:
        with self._lock:
            if self._pool is None:
                self._pool = self._new_pool()
            return self._pool

    def _new_pool(self) -> urllib3.HTTPConnectionPool:
        host = self._endpoint.host
        if self._plain:
            pool = urllib3.HTTPConnectionPool(host, self._port, maxsize=CONNECTIONS)
            pool.ConnectionCls = PlainConnection
        else:
            tls = tls_context(self._endpoint)
            pool = urllib3.HTTPSConnectionPool(host, self._port, maxsize=CONNECTIONS, ssl_context=tls)
        make: Any = pool.ConnectionCls

        def connect(*args: Any, **options: Any) -> HTTPConnection:
            connection: HTTPConnection = make(*args, **options)
            with self._lock:
                self._connections.add(connection)
            return connection

        pool.ConnectionCls = connect  # type: ignore[assignment]
        return pool


def tls_context(endpoint: Endpoint) -> ssl.SSLContext:
    """Certificates are verified unless the user says that they are not to be. Raises `ConfigError` for a bad file."""
    try:
        context = ssl.create_default_context(cafile=endpoint.cacert)
    except OSError as error:
        raise ConfigError(f"cacert {endpoint.cacert}: {error}", hint="it names a PEM file") from error
    if endpoint.verify is False:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # The user said so: once is enough.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.sslsocket_class = TlsSocket
    return context


def _left() -> float:
    left = DEADLINE.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError("the exchange took longer than the time-out")
    return left
