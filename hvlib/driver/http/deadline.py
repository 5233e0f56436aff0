"""Deadlines: sockets on which a whole exchange ends in time, however slowly the server sends.

A socket's own time-out covers one read: a server that sends a byte now and then would never exceed it. These sockets
get the time that is left until the deadline as their time-out, before every operation that may block.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NameResolutionError, NewConnectionError

from hvlib.driver.http.opened import Opened

__all__ = ["PlainConnection", "TlsConnection", "TlsSocket", "UnixConnection", "deadline"]

DEADLINE: ContextVar[float] = ContextVar("DEADLINE")
"""When the exchange of this thread ends, on the monotonic clock."""

OPENED: ContextVar[Opened] = ContextVar("OPENED")
"""The connections of this thread's exchange."""


@contextmanager
def deadline(seconds: float, opened: Opened) -> Iterator[None]:
    """Let every read and write of this thread in the block raise `TimeoutError` once so many seconds are over.

    ``opened``: the connections of the exchange. After ``opened.close()``, reads and writes raise
    `ConnectionAbortedError`.
    """
    deadline_before, opened_before = DEADLINE.set(time.monotonic() + seconds), OPENED.set(opened)
    try:
        yield
    finally:
        DEADLINE.reset(deadline_before)
        OPENED.reset(opened_before)


def _allow(sock: socket.socket) -> None:
    """Let the next operation last until the deadline. Without a deadline (the SDK's own calls) the time-out stays."""
    end = DEADLINE.get(None)
    if end is None:
        return
    if OPENED.get().closed:
        raise ConnectionAbortedError("hvlib closed the connection")
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("the exchange took longer than the time-out")
    sock.settimeout(left)


def _note(sock: socket.socket) -> None:
    """Add a socket to those that other threads can cut."""
    if (opened := OPENED.get(None)) is not None:
        opened.note(sock)


class PlainSocket(socket.socket):
    """A TCP or unix socket that keeps to the deadline."""

    def recv_into(self, *args: Any, **options: Any) -> int:
        """Read the bytes that have arrived; http.client reads a whole reply with it."""
        _allow(self)
        return super().recv_into(*args, **options)

    def sendall(self, *args: Any, **options: Any) -> None:
        """Write all bytes."""
        _allow(self)
        super().sendall(*args, **options)


class TlsSocket(ssl.SSLSocket):
    """A TLS socket that keeps to the deadline."""

    def do_handshake(self, block: bool = False) -> None:
        """Do the TLS handshake. `Opened.cut` can end it too."""
        _note(self)
        _allow(self)
        super().do_handshake(block)

    def recv_into(self, *args: Any, **options: Any) -> int:
        """Read the bytes that have arrived; http.client reads a whole reply with it."""
        _allow(self)
        return super().recv_into(*args, **options)

    def send(self, *args: Any, **options: Any) -> int:
        """Write some bytes; ``sendall`` writes all with it."""
        _allow(self)
        return super().send(*args, **options)


class PlainConnection(HTTPConnection):
    """HTTP without TLS, on a socket that keeps to the deadline."""

    def _new_conn(self) -> socket.socket:
        return _connected(self)


class TlsConnection(HTTPSConnection):
    """HTTP over TLS, on a socket that keeps to the deadline."""

    def _new_conn(self) -> socket.socket:
        return _connected(self)


class UnixConnection(HTTPConnection):
    """HTTP over a unix socket that keeps to the deadline."""

    def __init__(self, *args: Any, socket_path: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._socket_path = socket_path

    def connect(self) -> None:
        """Connect."""
        self.sock = PlainSocket(socket.AF_UNIX)
        try:
            _connect(self.sock, self._socket_path, self.timeout)
        except OSError as error:
            self.sock.close()
            raise NewConnectionError(self, f"{self._socket_path}: {error}") from error


def _connected(connection: HTTPConnection) -> PlainSocket:
    """Connect to the first of the host's addresses that accepts. Raises urllib3's own errors.

    urllib3's function returns the socket only when it is connected, so that no other thread could cut it before.
    """
    host = connection.host
    try:
        host.encode("idna")
        return _first_that_connects(connection)
    except UnicodeError:
        raise LocationParseError(f"'{host}', label empty or too long") from None
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"{host} did not answer in {connection.timeout} s") from error
    except OSError as error:
        raise NewConnectionError(connection, f"{host} can't be reached: {error}") from error


def _first_that_connects(connection: HTTPConnection) -> PlainSocket:
    failure = OSError("the name has no address")
    found = socket.getaddrinfo(connection.host.strip("[]"), connection.port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, address in found:
        sock = PlainSocket(family, kind, protocol)
        try:
            for option in connection.socket_options or ():
                sock.setsockopt(*option)
            _connect(sock, address, connection.timeout)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


def _connect(sock: PlainSocket, address: Any, seconds: object) -> None:
    _note(sock)
    _allow(sock)
    if isinstance(seconds, (int, float)):
        sock.settimeout(seconds)
    sock.connect(address)
