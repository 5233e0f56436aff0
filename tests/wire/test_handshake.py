"""HTTP for drivers, on loopback: connections that are closed before they are established."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from hvlib import errors
from hvlib.driver.http import Address, Transport, chunks
from hvlib.driver.http.deadline import PlainConnection
from hvlib.driver.http.tls import tls_context


def test_a_handshake_that_never_ends_is_cut() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        transport = Transport(Address("127.0.0.1", silent.getsockname()[1], tls_context(None, None)))

        def ask() -> None:
            with transport.exchange("GET", "/", headers={}, timeout=30.0) as response:
                list(chunks(response))

        with ThreadPoolExecutor(1) as other:
            call = other.submit(ask)
            accepted, _ = silent.accept()
            accepted.recv(1)  # The client's first byte: the handshake is under way.
            began = time.monotonic()
            transport.close()
            assert isinstance(call.exception(timeout=10), errors.ConnectionFailed)
            assert time.monotonic() - began < 1.0
            accepted.close()


def test_a_thread_that_connects_during_close_does_not_wait_for_a_reply(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect = PlainConnection.connect

    def connect_late(connection: PlainConnection) -> None:
        transport.close()
        connect(connection)

    monkeypatch.setattr(PlainConnection, "connect", connect_late)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        transport = Transport(Address("127.0.0.1", silent.getsockname()[1]))
        began = time.monotonic()
        exchange = transport.exchange("GET", "/", headers={}, timeout=10.0)
        with pytest.raises(errors.ConnectionFailed, match="hvlib closed the connection"), exchange:
            pass
        assert time.monotonic() - began < 5.0
