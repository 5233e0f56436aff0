"""Connections: the session's own pool, and pools apart for the calls that wait."""

from __future__ import annotations

import threading
import weakref

from hvlib.driver import Endpoint
from hvlib.driver.http import Address, Transport

__all__ = ["Connections"]


class Connections:
    """All connections of one session. Shared by threads."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._own: Transport | None = None
        self._others: weakref.WeakSet[Transport] = weakref.WeakSet()

    @property
    def own(self) -> Transport:
        """The session's own connections. Reads the certificates, and connects to nothing yet."""
        with self._lock:
            if self._own is None:
                self._own = Transport(Address.of(self._endpoint))
            return self._own

    def apart(self) -> Transport:
        """Connections for calls that wait. They end with the session; the caller closes them before."""
        transport = Transport(self.own.address)
        with self._lock:
            self._others.add(transport)
        return transport

    def cut(self) -> None:
        """End every call under way."""
        for transport in self._all():
            transport.cut()

    def close(self) -> None:
        """Cut the calls under way, and keep nothing open."""
        for transport in self._all():
            transport.close()

    def _all(self) -> list[Transport]:
        with self._lock:
            return [*self._others, *([] if self._own is None else [self._own])]
