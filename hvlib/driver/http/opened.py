"""Opened: the open connections to a server, which any thread can cut."""

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
    """The connections that were made by its factories (`noting`).

    | handshakes: sockets in a TLS handshake, which their connection does not hold yet
    | closed: whether reading and writing are refused. Each operation checks this after its socket is registered here:
      so either the check refuses it, or `cut` shuts its socket down
    """

    def __init__(self) -> None:
        self.closed = False
        self.handshakes: WeakSet[socket.socket] = WeakSet()
        self._connections: WeakSet[HTTPConnection] = WeakSet()
        self._lock = threading.Lock()

    def noting(self, connection: Callable[..., Any]) -> Callable[..., Any]:
        """A factory that calls the factory ``connection``, and registers the connections that it makes."""

        def connect(*args: Any, **options: Any) -> Any:
            made = connection(*args, **options)
            with self._lock:
                self._connections.add(made)
            return made

        return connect

    def cut(self) -> None:
        """End every connection: a thread that waits on one gets an error at once."""
        with self._lock:
            connections = list(self._connections)
        sockets = [getattr(connection, "sock", None) for connection in connections]
        for sock in (*sockets, *self.handshakes.copy()):
            if sock is not None:
                with suppress(OSError):
                    # Below TLS, whose own shutdown must not run while another thread reads.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Cut all connections and refuse further reads and writes, also of a thread that is connecting right now."""
        self.closed = True
        self.cut()
