"""The connections of one session: those to the master, and those that feeds wait on."""

from __future__ import annotations

import threading
import weakref

from hvlib.driver.http import Address, Transport
from hvlib.model.errors import Closed

__all__ = ["Connections"]


class Connections:
    """Makes transports, and ends them all together. Shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._transports: weakref.WeakSet[Transport] = weakref.WeakSet()
        self._master: Transport | None = None
        self._closed = False

    def of_master(self, address: Address) -> Transport:
        """Return the connections to the master, those to another master being closed. Connects to nothing yet."""
        with self._lock:
            if self._master is not None and self._master.address == address:
                return self._master
            before, self._master = self._master, None
        if before is not None:
            before.close()
        made = self.apart(address)
        self._master = made
        return made

    def apart(self, address: Address) -> Transport:
        """Return new connections, for calls that wait. They end with the session; the caller closes them before.

        Raises `Closed` once the session is closed.
        """
        transport = Transport(address)
        with self._lock:
            self._transports.add(transport)
        if self._closed:
            transport.close()
            raise Closed("the session was closed")
        return transport

    def cut(self) -> None:
        """End every call under way; from now on there are no new connections."""
        self._closed = True
        for transport in self._all():
            transport.cut()

    def close(self) -> None:
        """Close all connections."""
        for transport in self._all():
            transport.close()

    def _all(self) -> list[Transport]:
        with self._lock:
            return list(self._transports)
