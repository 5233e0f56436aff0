"""Opened: the sockets of the connections to a server, which any thread can cut."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from weakref import WeakSet

__all__ = ["Opened"]


class Opened:
    """The sockets of all connections, from before they are connected.

    | closed: whether reading and writing are refused. A thread checks this before each operation, after its socket was
      added here: so either the check refuses the operation, or `cut` shuts the socket down
    """

    def __init__(self) -> None:
        self.closed = False
        self.cuts = 0
        """How often the sockets were shut down: a thread that is connecting then tries no other address."""
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._lock = threading.RLock()  # Reentrant: a signal handler may cut what its own thread opens.

    def note(self, sock: socket.socket) -> None:
        """Add a socket, before it is connected or begins a TLS handshake."""
        with self._lock:
            self._sockets.add(sock)

    def cut(self) -> None:
        """Shut all sockets down: a thread that waits on one gets an error at once."""
        with self._lock:
            self.cuts += 1
            sockets = list(self._sockets)
        for sock in sockets:
            with suppress(OSError):
                # Below TLS, whose own shutdown must not run while another thread reads.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Shut all sockets down and refuse further reads and writes, also of a thread that is connecting right now."""
        self.closed = True
        self.cut()
