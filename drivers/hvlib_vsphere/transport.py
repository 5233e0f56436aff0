"""Connections to one server: HTTP/1.1 over verified TLS, kept alive, cut from any thread."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
import urllib3
from urllib3.connection import HTTPConnection

from hvlib.errors import ConfigError
from hvlib_vsphere.deadline import PlainConnection, TlsSocket, deadline
from hvlib_vsphere.errors import connection_errors

__all__ = ["Address", "Transport", "tls_context"]

CONNECTIONS = 32
"""Connections that are kept when they are idle; there may be more at a time."""


class Address(msgspec.Struct, frozen=True):
    """Where the server listens. ``tls`` None: plain HTTP, for tests and benchmarks."""

    host: str
    port: int
    tls: Any = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def tls_context(verify: bool | None, cacert: str | None) -> ssl.SSLContext:
    """Certificates are verified, of loopback addresses too; with ``cacert``, by that file alone.

    | verify: None counts as True
    | cacert: a PEM file, or several, separated as in PATH

    Raises `ConfigError` if a file can't be used.
    """
    if verify is False:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # Said so by the user, once is enough.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif cacert is None:
        context = ssl.create_default_context()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for file in [cacert] if os.path.exists(cacert) else cacert.split(os.pathsep):
            _trust(context, file)
    context.sslsocket_class = TlsSocket
    return context


def _trust(context: ssl.SSLContext, file: str) -> None:
    try:
        context.load_verify_locations(file)
    except OSError as error:
        raise ConfigError(f"cacert {file}: {error.strerror or error}", hint="it names a PEM file") from error


class Transport:
    """A pool of connections, shared by threads. `cut` ends what any of them waits for."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._connections: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()
        with connection_errors(str(address)):
            self._pool = _pool(address)
        self._connection_class = self._pool.ConnectionCls
        self._pool.ConnectionCls = self._connect  # type: ignore[assignment]

    @contextmanager
    def exchange(
        self, method: str, path: str, *, body: bytes | None, headers: Mapping[str, str], timeout: float, patience: float
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """Send a request; inside the block its reply may be read.

        | timeout: seconds for connecting
        | patience: seconds for all of it, to the end of the reply

        Raises `NotSent`, `ConnectionTimeout`, `ConnectionFailed`, and `ConfigError` for an address that can't be one.
        """
        with connection_errors(str(self.address)), deadline(patience):
            response = self._pool.urlopen(
                method,
                path,
                body=body,
                headers=headers,
                redirect=False,
                retries=False,
                assert_same_host=False,
                timeout=urllib3.Timeout(connect=timeout, read=patience),
                preload_content=False,
            )
            try:
                yield response
            finally:
                response.close()  # What was read whole went back to the pool; else the connection ends here.

    def cut(self) -> None:
        """End every connection: whoever waits on one gets `ConnectionFailed` at once."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            sock = getattr(connection, "sock", None)
            if sock is not None:
                with suppress(OSError):
                    # Below TLS, whose own shutdown must not run while another thread reads.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Cut what is under way, and keep nothing open."""
        self.cut()
        self._pool.close()

    def _connect(self, *args: Any, **options: Any) -> HTTPConnection:
        connection: HTTPConnection = self._connection_class(*args, **options)  # type: ignore[assignment]
        with self._lock:
            self._connections.add(connection)
        return connection


def _pool(address: Address) -> urllib3.HTTPConnectionPool:
    if address.tls is None:
        pool = urllib3.HTTPConnectionPool(address.host, address.port, maxsize=CONNECTIONS)
        pool.ConnectionCls = PlainConnection
        return pool
    return urllib3.HTTPSConnectionPool(address.host, address.port, maxsize=CONNECTIONS, ssl_context=address.tls)
