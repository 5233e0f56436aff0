"""HTTP for drivers, on loopback: which addresses of a host are tried, and for how long."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from urllib3.exceptions import ConnectTimeoutError

from hvlib import errors
from hvlib.driver.http import Address, Transport
from hvlib.driver.http.connecting import PlainConnection
from hvlib.driver.http.deadline import PlainSocket, deadline
from hvlib.driver.http.opened import Opened

UNKNOWN_FAMILY = 9999
PATIENCE = 10.0


def resolve_to(patch: pytest.MonkeyPatch, *addresses: tuple[int, Any]) -> list[str]:
    """Let every name have these addresses. Returns the names that are looked up."""
    names: list[str] = []

    def resolve(name: str, *_: object, **__: object) -> list[Any]:
        names.append(name)
        return [(family, socket.SOCK_STREAM, 0, "", address) for family, address in addresses]

    patch.setattr(socket, "getaddrinfo", resolve)
    return names


@pytest.fixture
def full() -> Iterator[Any]:
    """The address of a server that takes no more connections: the client's first packet is not answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as held:
        for _ in range(3):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield server.getsockname()


def test_an_address_of_a_family_that_the_machine_lacks_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        resolve_to(monkeypatch, (UNKNOWN_FAMILY, address), (socket.AF_INET, address))
        connection = PlainConnection("vcenter.example.org", address[1], timeout=PATIENCE)
        connection.connect()
        connection.close()


def test_an_absolute_name_is_looked_up_with_its_dot(monkeypatch: pytest.MonkeyPatch) -> None:
    names = resolve_to(monkeypatch)
    exchange = Transport(Address("vcenter.example.org.", 1)).exchange("GET", "/", headers={}, timeout=1.0)
    with pytest.raises(errors.ConnectionFailed, match="the name has no address"), exchange:
        pass
    assert names == ["vcenter.example.org."]


def test_connecting_keeps_to_the_deadline(full: Any) -> None:
    began = time.monotonic()
    with deadline(0.3, Opened()), pytest.raises(ConnectTimeoutError):
        PlainConnection(full[0], full[1], timeout=PATIENCE).connect()
    assert time.monotonic() - began < PATIENCE / 2


def test_a_cut_while_connecting_tries_no_other_address(full: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    connecting, connect = threading.Event(), PlainSocket.connect_ex
    attempts: list[object] = []

    def noted(sock: PlainSocket, where: object) -> int:
        attempts.append(where)
        connecting.set()
        return connect(sock, where)  # type: ignore[arg-type]

    resolve_to(monkeypatch, (socket.AF_INET, full), (socket.AF_INET, full))
    monkeypatch.setattr(PlainSocket, "connect_ex", noted)
    transport = Transport(Address("vcenter.example.org", full[1]))

    def ask() -> None:
        with transport.exchange("GET", "/", headers={}, timeout=3 * PATIENCE):
            pass

    with ThreadPoolExecutor(1) as other:
        asked = other.submit(ask)
        assert connecting.wait(PATIENCE)
        transport.cut()
        assert isinstance(asked.exception(PATIENCE), errors.ConnectionFailed)
        assert attempts == [full]
