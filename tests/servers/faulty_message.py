"""HTTP/1.1 messages on a socket: just enough to find where each begins and ends."""

from __future__ import annotations

import selectors
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

__all__ = ["GivenUp", "Reply", "Request", "Stream", "make_reply", "read_reply", "read_request"]

CHUNK = 1 << 16
LINE = b"\r\n"
BLANK = b"\r\n\r\n"
FRAMING = frozenset({"transfer-encoding", "content-length", "trailer"})
BODILESS = frozenset({204, 304})


class GivenUp(Exception):
    """One side ended the connection, or the client sent data while it should wait for a reply."""


@dataclass(frozen=True)
class Request:
    """A client's request. ``raw`` is the whole message in bytes, ``name`` the result of the proxy's ``named_by``."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    raw: bytes
    name: str = ""

    def called(self, name: str) -> Request:
        """Return the request with its name."""
        return replace(self, name=name)

    def to(self, path: str) -> Request:
        """Return the request with another path."""
        rest = self.raw[len(self.method) + 1 + len(self.path) :]
        return replace(self, path=path, raw=f"{self.method} {path}".encode("latin-1") + rest)


@dataclass(frozen=True)
class Reply:
    """A server's reply.

    | raw: the whole message in bytes
    | framed: the body as it is in ``raw``; ``body`` is without the framing in chunks
    | last: the connection ends after this reply
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    framed: bytes
    raw: bytes
    last: bool = False

    def with_body(self, body: bytes) -> Reply:
        """Return the reply with another body, not in chunks, and with the right Content-Length."""
        headers = {name: value for name, value in self.headers.items() if name not in FRAMING}
        return make_reply(self.status, self.reason, headers, body)


def make_reply(status: int, reason: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """Return a reply that no server sent."""
    headers = {**headers, "content-length": str(len(body))}
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    raw = f"HTTP/1.1 {status} {reason}\r\n{fields}\r\n".encode("latin-1") + body
    return Reply(status, reason, headers, body, body, raw)


class Stream:
    """One end of a connection: a socket, and the bytes that were read from it and not used yet."""

    def __init__(self, sock: socket.socket) -> None:
        # Send at once. Otherwise data would wait until the end of the handshake is acknowledged.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self._buffer = bytearray()

    def read(self, size: int, meanwhile: Stream | None = None) -> bytes:
        """Read exactly ``size`` bytes."""
        while len(self._buffer) < size:
            self._fill(meanwhile)
        return self._take(size)

    def read_to(self, mark: bytes, meanwhile: Stream | None = None) -> bytes:
        """Read up to the mark, and the mark."""
        while (at := self._buffer.find(mark)) < 0:
            self._fill(meanwhile)
        return self._take(at + len(mark))

    def read_all(self, meanwhile: Stream | None = None) -> bytes:
        """Read until the other side ends the connection."""
        with suppress(GivenUp):
            while True:
                self._fill(meanwhile)
        return self._take(len(self._buffer))

    def write(self, data: bytes) -> None:
        """Send all of ``data``."""
        self.sock.sendall(data)

    def wait_for_end(self, seconds: float | None) -> None:
        """Wait so many seconds. Raises `GivenUp` as soon as the other side sends data or ends the connection."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.sock, selectors.EVENT_READ)
            if selector.select(seconds):
                raise GivenUp

    def shut(self) -> None:
        """End the connection, from any thread: a reader sees its end. Skips TLS, which allows one thread at a time."""
        with suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _fill(self, meanwhile: Stream | None) -> None:
        """Add the next bytes to the buffer. Raises `GivenUp` if the stream ends or ``meanwhile`` sends data or ends."""
        data = self._arrived()
        while data is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self.sock, selectors.EVENT_READ)
                if meanwhile is not None:
                    selector.register(meanwhile.sock, selectors.EVENT_READ)
                ready = {key.fileobj for key, _ in selector.select()}
            if self.sock not in ready:
                raise GivenUp
            data = self._arrived()
        if not data:
            raise GivenUp
        self._buffer += data

    def _arrived(self) -> bytes | None:
        """Return the bytes that have arrived, b"" at the end, or None for none yet: some TLS records carry no data."""
        self.sock.setblocking(False)
        try:
            return self.sock.recv(CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        finally:
            self.sock.setblocking(True)


def read_request(client: Stream) -> Request:
    """Read the client's next request."""
    head = client.read_to(BLANK)
    method, path, _ = head.split(LINE, 1)[0].decode("latin-1").split(" ", 2)
    headers = _headers(head)
    body, framed = _body(client, headers, 0, None)
    return Request(method, path, headers, body, head + framed)


def read_reply(server: Stream, request: Request, client: Stream) -> Reply:
    """Read the server's reply to a request. Raises `GivenUp` as soon as the client stops waiting for it."""
    head = server.read_to(BLANK, client)
    _, status, *words = head.split(LINE, 1)[0].decode("latin-1").split(" ", 2)
    headers, reason = _headers(head), " ".join(words)
    if request.method == "HEAD" or int(status) in BODILESS:
        body = framed = b""
    else:
        body, framed = _body(server, headers, None, client)
    framing = headers.keys() & {"content-length", "transfer-encoding"}
    last = headers.get("connection", "").lower() == "close" or not (framing or int(status) in BODILESS)
    return Reply(int(status), reason, headers, body, framed, head + framed, last)


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:-2]
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _body(
    source: Stream, headers: Mapping[str, str], default: int | None, meanwhile: Stream | None
) -> tuple[bytes, bytes]:
    """Read the body: without and with its framing. ``default``: its length if no header has it; None: until the end."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        chunks = list(_chunks(source, meanwhile))
        return b"".join(body for body, _ in chunks), b"".join(framed for _, framed in chunks)
    length = int(headers["content-length"]) if "content-length" in headers else default
    body = source.read_all(meanwhile) if length is None else source.read(length, meanwhile)
    return body, body


def _chunks(source: Stream, meanwhile: Stream | None) -> Iterator[tuple[bytes, bytes]]:
    """Read each chunk: without and with its framing. The last item is the trailer, which is only framing."""
    while True:
        line = source.read_to(LINE, meanwhile)
        size = int(line.partition(b";")[0], 16)
        if not size:
            break
        chunk = source.read(size, meanwhile)
        yield chunk, line + chunk + source.read_to(LINE, meanwhile)
    trailer = line
    while line != LINE:
        line = source.read_to(LINE, meanwhile)
        trailer += line
    yield b"", trailer
