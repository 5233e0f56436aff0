"""Wire: the connection between a driver and its server, on which the suite counts round trips and cuts connections."""

from __future__ import annotations

import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress

__all__ = ["CountingProxy", "Turns", "Wire"]

CHUNK_BYTES = 1 << 16


class Wire(ABC):
    """The connection to a server. It counts turns in any protocol: the client sends something, then the server does.

    A request and its reply are one turn. Each round trip of a new connection's handshake is a turn too.
    """

    @property
    def address(self) -> tuple[str, int] | None:
        """The host and port that clients connect to; None if they connect to the server's own address."""
        return None

    @property
    @abstractmethod
    def turns(self) -> int:
        """The number of turns so far, over all connections."""

    @abstractmethod
    def cut(self) -> None:
        """Break all connections. New ones can be made."""

    @abstractmethod
    def cut_after(self, turns: int | None) -> None:
        """Let so many more turns pass, and break the connection instead of delivering the reply of the next turn.

        None: break none.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the wire."""


class Turns:
    """Counts turns, and knows the turn whose reply is not delivered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cut_at: int | None = None
        self.number = 0

    def cut_after(self, turns: int | None) -> None:
        """`Wire.cut_after`."""
        with self._lock:
            self._cut_at = None if turns is None else self.number + turns + 1

    def turn(self) -> None:
        """Count a turn: a client sends data, for the first time since its server did."""
        with self._lock:
            self.number += 1

    def is_cut(self) -> bool:
        """Whether the present reply is the one that must not be delivered. It is true once."""
        with self._lock:
            if self._cut_at is None or self.number < self._cut_at:
                return False
            self._cut_at = None
            return True


class CountingProxy(Wire):
    """A TCP proxy on loopback. The data may be encrypted: the proxy looks only at its direction.

    ``counter``: shared by the proxies of a server that listens at several addresses.
    """

    def __init__(self, host: str, port: int, counter: Turns | None = None) -> None:
        self._server = (host, port)
        self.counter = counter or Turns()
        self._links: set[_Link] = set()
        self._listener = _Listener(self._link)

    @property
    def address(self) -> tuple[str, int]:
        """The proxy's own host and port."""
        return self._listener.address

    @property
    def turns(self) -> int:
        """`Wire.turns`."""
        return self.counter.number

    def cut(self) -> None:
        """`Wire.cut`."""
        for link in list(self._links):
            link.cut()

    def cut_after(self, turns: int | None) -> None:
        """`Wire.cut_after`."""
        self.counter.cut_after(turns)

    def close(self) -> None:
        """Break all connections and accept no more."""
        self._listener.close()
        links = list(self._links)
        self.cut()
        for link in links:
            link.join()

    def forget(self, link: _Link) -> None:
        """Remove a connection that has ended."""
        self._links.discard(link)

    def _link(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._server)
        except OSError:
            client.close()
            return
        link = _Link(self, client, server)
        self._links.add(link)
        link.start()


class Rubbish(Wire):
    """A wire to no server: it answers whatever a client sends with the same bytes, and closes the connection."""

    turns = 0

    def __init__(self, reply: bytes) -> None:
        self._reply = reply
        self._listener = _Listener(self._answer)

    @property
    def address(self) -> tuple[str, int]:
        """The host and port that it listens on."""
        return self._listener.address

    def cut(self) -> None:
        """Connections end by themselves."""

    def cut_after(self, turns: int | None) -> None:
        """Connections end by themselves."""

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def _answer(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            client.settimeout(1.0)
            client.recv(CHUNK_BYTES)
            client.sendall(self._reply)


class Silent(Rubbish):
    """A wire to a server that accepts connections, and never answers."""

    def __init__(self) -> None:
        self._clients: list[socket.socket] = []
        super().__init__(b"")

    def close(self) -> None:
        """Stop listening, and end the connections."""
        super().close()
        for client in self._clients:
            client.close()

    def _answer(self, client: socket.socket) -> None:
        self._clients.append(client)


class _Listener:
    """Accepts connections on loopback in a thread, and passes each to ``take``."""

    def __init__(self, take: Callable[[socket.socket], None]) -> None:
        self._take = take
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._socket.getsockname()
        self._accepting = threading.Thread(target=self._accept, daemon=True, name="hvlib-wire")
        self._accepting.start()

    def close(self) -> None:
        """Stop accepting connections."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._accepting.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._take(self._socket.accept()[0])


class _Link:
    """A client's connection and its connection to the server, with a thread for each direction."""

    def __init__(self, proxy: CountingProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._replied = True
        self._threads = [
            threading.Thread(target=self._carry, args=args, daemon=True, name="hvlib-wire")
            for args in ((client, server, self._note_request), (server, client, self._note_reply))
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def cut(self) -> None:
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _note_request(self) -> bool:
        if self._replied:
            self._replied = False
            self._proxy.counter.turn()
        return True

    def _note_reply(self) -> bool:
        self._replied = True
        return not self._proxy.counter.is_cut()

    def _carry(self, source: socket.socket, target: socket.socket, may_pass: object) -> None:
        assert callable(may_pass)
        with suppress(OSError):
            while (data := source.recv(CHUNK_BYTES)) and may_pass():
                target.sendall(data)
        self.cut()
        source.close()
        self._proxy.forget(self)
