"""Opened: the sockets of the connections to a server, which any thread can cut."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from weakref import WeakSet

__all__ = ["Opened"]


class Opened:
    """The sockets that connections have made, from before they are connected.

    | closed: whether nothing is to be sent or received any more. A thread looks at it before each operation on a socket
      that is noted here, so it either sees this, or has its socket shut down
    """

    def __init__(self) -> None:
        self.closed = False
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._lock = threading.Lock()

    def note(self, sock: socket.socket) -> None:
        """Add a socket that is not connected yet, or whose TLS is not agreed on yet."""
        with self._lock:
            self._sockets.add(sock)

    def cut(self) -> None:
        """Shut every socket down: a thread that waits on one gets an error at once."""
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            with suppress(OSError):
                # Below TLS, whose own shutdown must not run while another thread reads.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """`cut`, and refuse whatever is sent or received after that."""
        self.closed = True
        self.cut()
