"""Deadlines: sockets on which a whole exchange ends in time, however slowly the server sends.

A socket's own time-out covers one read: a server that sends a byte now and then would never exceed it. These sockets
get the time that is left until the deadline as their time-out, before every operation that may block.
"""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from hvlib.driver.http.opened import Opened

__all__ = ["PlainSocket", "TlsSocket", "allow", "cut_check", "deadline", "note"]

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


def allow(sock: socket.socket) -> float:
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


def note(sock: socket.socket) -> None:
    """Add a socket to those that other threads can cut."""
    if (opened := OPENED.get(None)) is not None:
        opened.note(sock)


def cut_check() -> Callable[[], None]:
    """A function that raises once the connections of this thread's exchange were cut."""
    opened = OPENED.get(None) or Opened()
    cuts = opened.cuts

    def check() -> None:
        if opened.cuts != cuts:
            raise ConnectionAbortedError("hvlib closed the connection")

    return check


class PlainSocket(socket.socket):
    """A TCP or unix socket that keeps to the deadline."""

    def recv_into(self, *args: Any, **options: Any) -> int:
        """Read the bytes that have arrived; http.client reads a whole reply with it."""
        allow(self)
        return super().recv_into(*args, **options)

    def sendall(self, *args: Any, **options: Any) -> None:
        """Write all bytes."""
        allow(self)
        super().sendall(*args, **options)


class TlsSocket(ssl.SSLSocket):
    """A TLS socket that keeps to the deadline."""

    def do_handshake(self, block: bool = False) -> None:
        """Do the TLS handshake. `Opened.cut` can end it too."""
        note(self)
        allow(self)
        super().do_handshake(block)

    def recv_into(self, *args: Any, **options: Any) -> int:
        """Read the bytes that have arrived; http.client reads a whole reply with it."""
        allow(self)
        return super().recv_into(*args, **options)

    def recv(self, *args: Any, **options: Any) -> bytes:
        """Read the bytes that have arrived; urllib3 reads TLS within TLS with it, through a proxy."""
        allow(self)
        return super().recv(*args, **options)

    def send(self, *args: Any, **options: Any) -> int:
        """Write some bytes; ``sendall`` writes all with it."""
        allow(self)
        return super().send(*args, **options)
