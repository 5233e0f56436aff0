"""Connections to one server: HTTP/1.1 over verified TLS, kept alive, cut from any thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import msgspec
import urllib3

from hvlib.driver.http.deadline import PlainConnection, TlsConnection, UnixConnection, deadline
from hvlib.driver.http.errors import connection_errors
from hvlib.driver.http.framing import ends_in_headers
from hvlib.driver.http.opened import Opened
from hvlib.driver.http.tls import tls_context
from hvlib.model.endpoint import Endpoint
from hvlib.model.errors import ConnectionFailed

__all__ = ["Address", "Transport", "chunks"]

CONNECTIONS = 32
"""Connections that are kept when they are idle; there may be more at a time."""

CHUNK = 1 << 16


class Address(msgspec.Struct, frozen=True):
    """Where the server listens.

    | tls: None: plain HTTP, for tests and benchmarks
    | socket_path: a unix socket, in the place of host and port
    """

    host: str
    port: int
    tls: Any = None
    socket_path: str = ""

    @classmethod
    def of(cls, endpoint: Endpoint) -> Address:
        """That of an endpoint. ``http`` for a transport is without TLS, ``unix`` a socket that the path names.

        Raises `ConfigError` for a ``cacert`` that can't be used.
        """
        if endpoint.transport == "unix":
            return cls("localhost", 0, socket_path=endpoint.path)
        if endpoint.transport == "http":
            return cls(endpoint.host, endpoint.port or 80)
        return cls(endpoint.host, endpoint.port or 443, tls_context(endpoint.verify, endpoint.cacert))

    def __str__(self) -> str:
        return self.socket_path or f"{self.host}:{self.port}"


class Transport:
    """A pool of connections, shared by threads. `cut` ends what any of them waits for."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._opened = Opened()
        with connection_errors(str(address)):
            self._pool = _pool(address)

    @contextmanager
    def exchange(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str],
        timeout: float,
        wait: float = 0.0,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """Send a request; inside the block its reply may be read.

        | timeout: seconds for all of it, to the end of the reply
        | wait: seconds that the server itself may take besides, before it answers

        Raises `NotSent`, `ConnectionTimeout`, `ConnectionFailed`, and `ConfigError` for an address that can't be one.
        """
        with connection_errors(str(self.address)), deadline(timeout + wait, self._opened):
            response = self._pool.urlopen(
                method,
                path,
                body=body,
                headers=headers,
                redirect=False,
                retries=False,
                assert_same_host=False,
                timeout=urllib3.Timeout(connect=timeout, read=timeout + wait),
                preload_content=False,
            )
            try:
                yield response
            finally:
                response.close()  # What was read whole went back to the pool; else the connection ends here.

    def cut(self) -> None:
        """End every connection: whoever waits on one gets `ConnectionFailed` at once."""
        self._opened.cut()

    def close(self) -> None:
        """End every connection for good: whoever waits on one, or opens one just now, gets `ConnectionFailed`."""
        self._opened.close()
        self._pool.close()


def _pool(address: Address) -> urllib3.HTTPConnectionPool:
    if address.socket_path:
        pool = urllib3.HTTPConnectionPool(address.host, maxsize=CONNECTIONS)
        pool.ConnectionCls = partial(UnixConnection, socket_path=address.socket_path)  # type: ignore[assignment]
        return pool
    if address.tls is None:
        pool = urllib3.HTTPConnectionPool(address.host, address.port, maxsize=CONNECTIONS)
        pool.ConnectionCls = PlainConnection
        return pool
    pool = urllib3.HTTPSConnectionPool(address.host, address.port, maxsize=CONNECTIONS, ssl_context=address.tls)
    pool.ConnectionCls = TlsConnection
    return pool


def chunks(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """What a reply holds, as it arrives. Raises `ConnectionFailed` if it broke off in its headers."""
    empty = True
    for chunk in response.stream(CHUNK):
        empty = False
        yield chunk
    if empty and not ends_in_headers(response.status, response.headers):
        raise ConnectionFailed("the connection broke in the headers of a reply")
