"""The proxy by which the conformance suite counts round trips and cuts connections, on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from hvlib.conformance.wire import CountingProxy, Rubbish


@pytest.fixture
def echo() -> Iterator[tuple[str, int]]:
    """A server that sends everything back, in two parts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer(client: socket.socket) -> None:
            with client, suppress(OSError):
                while data := client.recv(1024):
                    client.sendall(data[:1])
                    client.sendall(data[1:])

        def serve() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(echo: tuple[str, int]) -> Iterator[CountingProxy]:
    proxy = CountingProxy(*echo)
    yield proxy
    proxy.close()


def ask(client: socket.socket, text: bytes) -> bytes:
    """The answer; if the connection ends early, the part that has come."""
    client.sendall(text)
    answer = b""
    with suppress(ConnectionError):
        while len(answer) < len(text) and (part := client.recv(1024)):
            answer += part
    return answer


def test_a_turn_is_a_request_and_its_reply(proxy: CountingProxy) -> None:
    with socket.create_connection(proxy.address) as one, socket.create_connection(proxy.address) as two:
        assert proxy.turns == 0
        assert ask(one, b"first") == b"first"
        assert ask(one, b"second" * 100) == b"second" * 100
        assert ask(two, b"third") == b"third"
    assert proxy.turns == 3


def test_cut_breaks_existing_connections_only(proxy: CountingProxy) -> None:
    with socket.create_connection(proxy.address) as one:
        assert ask(one, b"first") == b"first"
        proxy.cut()
        assert one.recv(1024) == b""
    with socket.create_connection(proxy.address) as two:
        assert ask(two, b"second") == b"second"


def test_cut_after_loses_one_reply(proxy: CountingProxy) -> None:
    proxy.cut_after(1)
    with socket.create_connection(proxy.address) as one:
        assert ask(one, b"first") == b"first"
        assert ask(one, b"second") == b""
    with socket.create_connection(proxy.address) as two:
        assert ask(two, b"third") == b"third"
    assert proxy.turns == 3


def test_a_connection_ends_if_the_server_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = closed.getsockname()
    proxy = CountingProxy(*address)
    with socket.create_connection(proxy.address) as one:
        assert ask(one, b"first") == b""
    proxy.close()


def test_rubbish_sends_the_same_bytes_to_every_client() -> None:
    rubbish = Rubbish(b"nonsense")
    for text in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01"):
        with socket.create_connection(rubbish.address) as client:
            client.sendall(text)
            assert client.recv(1024) == b"nonsense"
    rubbish.close()
