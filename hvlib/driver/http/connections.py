"""Connections: the pools of one session: one for ordinary calls, and separate ones for calls that wait."""

from __future__ import annotations

import threading
import weakref

from hvlib.driver.http.transport import Address, Transport
from hvlib.model.endpoint import Endpoint
from hvlib.model.errors import Closed

__all__ = ["Connections"]


class Connections:
    """All connections of one session. Shared by threads. Opens a connection only when a request is sent."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._address: Address | None = None
        self._own: Transport | None = None
        self._all: weakref.WeakSet[Transport] = weakref.WeakSet()
        self._closed = False

    @property
    def address(self) -> Address:
        """The endpoint's address. Certificates are read once; raises `ConfigError` if they can't be used."""
        with self._lock:
            if self._address is None:
                self._address = Address.of(self._endpoint)
            return self._address

    @property
    def own(self) -> Transport:
        """The pool of the session's ordinary calls, to the endpoint's address."""
        return self.to(self.address)

    def to(self, address: Address) -> Transport:
        """The pool of the session's ordinary calls, to this address. A pool to another address is closed."""
        with self._lock:
            own = self._own
            if own is not None and own.address == address:
                return own
            self._own = None
        if own is not None:
            own.close()
        made = self._own = self.apart(address)
        return made

    def apart(self, address: Address) -> Transport:
        """A new pool, for calls that wait. The caller closes it; the end of the session closes it too.

        Raises `Closed` once the session is closed.
        """
        transport = Transport(address)
        with self._lock:
            self._all.add(transport)
        if self._closed:
            transport.close()
            raise Closed("the session was closed")
        return transport

    def cut(self) -> None:
        """End every call under way, and refuse to make new pools."""
        self._closed = True
        for transport in self._transports():
            transport.cut()

    def close(self) -> None:
        """Close all connections."""
        for transport in self._transports():
            transport.close()

    def _transports(self) -> list[Transport]:
        with self._lock:
            return list(self._all)
