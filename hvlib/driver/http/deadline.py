"""Deadlines: sockets on which a whole exchange ends in time, however slowly the server sends.

A socket's own time-out covers one read: a server that sends a byte now and then would never exceed it. These sockets
get the time that is left until the deadline as their time-out, before every operation that may block.
"""

from __future__ import annotations

import errno
import math
import os
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NameResolutionError, NewConnectionError

from hvlib.driver.http.opened import Opened

__all__ = ["PlainConnection", "TlsConnection", "TlsSocket", "UnixConnection", "deadline"]

DEADLINE: ContextVar[float] = ContextVar("DEADLINE")
"""When the exchange of this thread ends, on the monotonic clock."""

UNDER_WAY = frozenset({errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK})
"""The results of a call to connect that has not ended yet."""

CUT_SECONDS = 0.2
"""The pause between two looks, while connecting, whether the connections were cut."""

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


def _allow(sock: socket.socket) -> float:
    """Let the next operation last until the deadline. Without a deadline (the SDK's own calls) the time-out stays.

    Returns the seconds that are left.
    """
    end = DEADLINE.get(None)
    if end is None:
        return math.inf
    if OPENED.get().closed:
        raise ConnectionAbortedError("hvlib closed the connection")
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("the exchange took longer than the time-out")
    sock.settimeout(left)
    return left


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

    def recv(self, *args: Any, **options: Any) -> bytes:
        """Read the bytes that have arrived; urllib3 reads TLS within TLS with it, through a proxy."""
        _allow(self)
        return super().recv(*args, **options)

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
            _note(self.sock)
            _limit(self.sock, min(_allow(self.sock), _seconds(self)))
            self.sock.connect(self._socket_path)
        except OSError as error:
            self.sock.close()
            raise NewConnectionError(self, f"{self._socket_path}: {error}") from error


def _connected(connection: HTTPConnection) -> PlainSocket:
    """Connect to the first of the host's addresses that accepts. Raises urllib3's own errors.

    urllib3's function returns the socket only when it is connected, so that no other thread could cut it before.
    """
    host = connection.host
    try:
        connection._dns_host.encode("idna")
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
    name = connection._dns_host.strip("[]")  # Not `host`, which lacks the dot at the end of an absolute name.
    check_cuts = _cut_check()
    for family, kind, protocol, _, address in socket.getaddrinfo(name, connection.port, type=socket.SOCK_STREAM):
        try:
            return _connected_to(connection, PlainSocket(family, kind, protocol), address, check_cuts)
        except OSError as error:  # The machine may lack the address's family, too.
            failure = error
        check_cuts()
    raise failure


def _cut_check() -> Callable[[], None]:
    """A function that raises once the connections of this thread's exchange were cut."""
    opened = OPENED.get(None) or Opened()
    cuts = opened.cuts

    def check() -> None:
        if opened.cuts != cuts:
            raise ConnectionAbortedError("hvlib closed the connection")

    return check


def _connected_to(
    connection: HTTPConnection, sock: PlainSocket, address: Any, check_cuts: Callable[[], None]
) -> PlainSocket:
    try:
        for option in connection.socket_options or ():
            sock.setsockopt(*option)
        _note(sock)
        left = min(_allow(sock), _seconds(connection))
        sock.setblocking(False)
        _finish(sock, sock.connect_ex(address), time.monotonic() + left, check_cuts)
        _limit(sock, left)
    except BaseException:
        sock.close()
        raise
    return sock


def _finish(sock: PlainSocket, code: int, end: float, check_cuts: Callable[[], None]) -> None:
    """Wait until a socket is connected. It can't be cut before the system knows of the attempt, so look for cuts."""
    with selectors.DefaultSelector() as ready:
        ready.register(sock, selectors.EVENT_WRITE)
        while code in UNDER_WAY:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            if ready.select(min(left, CUT_SECONDS)):
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            check_cuts()
    if code:
        raise OSError(code, os.strerror(code))


def _limit(sock: socket.socket, seconds: float) -> None:
    sock.settimeout(None if seconds == math.inf else seconds)


def _seconds(connection: HTTPConnection) -> float:
    """The seconds that connecting may take."""
    return connection.timeout if isinstance(connection.timeout, (int, float)) else math.inf
