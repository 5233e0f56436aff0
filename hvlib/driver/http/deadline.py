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

from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError

from hvlib.driver.http.opened import Opened

__all__ = ["PlainConnection", "TlsSocket", "UnixConnection", "deadline"]

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
        if (opened := OPENED.get(None)) is not None:
            opened.handshakes.add(self)
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

    def connect(self) -> None:
        """Connect."""
        super().connect()
        self.sock = PlainSocket(fileno=self.sock.detach())


class UnixConnection(HTTPConnection):
    """HTTP over a unix socket that keeps to the deadline."""

    def __init__(self, *args: Any, socket_path: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._socket_path = socket_path

    def connect(self) -> None:
        """Connect."""
        self.sock = PlainSocket(socket.AF_UNIX)
        try:
            _allow(self.sock)
            self.sock.connect(self._socket_path)
        except OSError as error:
            self.sock.close()
            raise NewConnectionError(self, f"{self._socket_path}: {error}") from error
