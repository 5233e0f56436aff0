"""HTTP for drivers, on loopback: connections that another thread ends, whatever they wait for."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from hvlib import errors
from hvlib.driver.http import Address, Transport, chunks
from hvlib.driver.http.deadline import PlainSocket
from hvlib.driver.http.tls import tls_context

SOON = 1.0
PATIENCE = 10.0

Ask = Callable[[Transport], Future[None]]


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Sends a request in another thread and reads the reply."""

    def exchange(transport: Transport) -> None:
        with transport.exchange("GET", "/", headers={}, timeout=30.0) as response:
            list(chunks(response))

    with ThreadPoolExecutor(1) as other:
        yield lambda transport: other.submit(exchange, transport)


def ends(transport: Transport, asked: Future[None]) -> None:
    """Closing the connections ends the exchange at once."""
    began = time.monotonic()
    transport.close()
    assert isinstance(asked.exception(PATIENCE), errors.ConnectionFailed)
    assert time.monotonic() - began < SOON


def address(server: socket.socket, *, tls: bool = False) -> Address:
    return Address("127.0.0.1", server.getsockname()[1], tls_context(None, None) if tls else None)


def test_while_it_connects(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server takes no more connections: the client's first packet is not answered."""
    connecting, connect = threading.Event(), PlainSocket.connect_ex

    def noted(sock: PlainSocket, where: object) -> int:
        connecting.set()
        return connect(sock, where)  # type: ignore[arg-type]

    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as held:
        for _ in range(3):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        monkeypatch.setattr(PlainSocket, "connect_ex", noted)
        transport = Transport(address(full))
        asked = ask(transport)
        assert connecting.wait(PATIENCE)
        ends(transport, asked)


def test_before_it_connects(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo

    def close_meanwhile(*names: object, **options: object) -> object:
        transport.close()
        return resolve(*names, **options)  # type: ignore[arg-type]

    with socket.create_server(("127.0.0.1", 0)) as silent:
        transport = Transport(address(silent))
        monkeypatch.setattr(socket, "getaddrinfo", close_meanwhile)
        ends(transport, ask(transport))


@pytest.mark.parametrize("tls", [False, True])
def test_before_the_reply(ask: Ask, tls: bool) -> None:
    """With TLS, the handshake is under way."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        transport = Transport(address(silent, tls=tls))
        asked = ask(transport)
        accepted, _ = silent.accept()
        with accepted:
            assert accepted.recv(1)
            ends(transport, asked)


@pytest.mark.parametrize("close", [b"", b"Connection: close\r\n"])
def test_in_the_middle_of_a_reply(ask: Ask, close: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        transport = Transport(address(server))
        asked = ask(transport)
        accepted, _ = server.accept()
        with accepted:
            accepted.recv(1000)
            accepted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n" + close + b"\r\nbegun")
            time.sleep(
                0.05
            )  # Nothing tells that the client has read the headers; without it, they meet the end as well.
            ends(transport, asked)
