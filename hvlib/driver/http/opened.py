"""Opened: the connections to a server that there are, which any thread can cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from urllib3.connection import HTTPConnection

__all__ = ["Opened"]


class Opened:
    """The connections that were made with it.

    | handshakes: sockets whose TLS is being agreed on, of which no connection knows yet
    | closed: whether nothing is to be read or written any more. What reads or writes looks at it first, when its socket
      is known here: it either sees this, or has its socket shut down
    """

    def __init__(self) -> None:
        self.closed = False
        self.handshakes: WeakSet[socket.socket] = WeakSet()
        self._connections: WeakSet[HTTPConnection] = WeakSet()
        self._lock = threading.Lock()

    def noting(self, connection: Callable[..., Any]) -> Callable[..., Any]:
        """What makes connections as ``connection`` does, and notes them here."""

        def connect(*args: Any, **options: Any) -> Any:
            made = connection(*args, **options)
            with self._lock:
                self._connections.add(made)
            return made

        return connect

    def cut(self) -> None:
        """End every connection: whoever waits on one gets an error at once."""
        with self._lock:
            connections = list(self._connections)
        sockets = [getattr(connection, "sock", None) for connection in connections]
        for sock in (*sockets, *self.handshakes.copy()):
            if sock is not None:
                with suppress(OSError):
                    # Below TLS, whose own shutdown must not run while another thread reads.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """`cut`, and let nothing be read or written any more, also by a thread that is connecting just now."""
        self.closed = True
        self.cut()
