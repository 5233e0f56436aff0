"""Transport: connections to one server: HTTP/1.1 over verified TLS, kept alive, cut from any thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import msgspec
import urllib3

from hvlib.driver.http.connecting import PlainConnection, TlsConnection, UnixConnection
from hvlib.driver.http.deadline import deadline
from hvlib.driver.http.errors import connection_errors
from hvlib.driver.http.framing import ends_in_headers
from hvlib.driver.http.opened import Opened
from hvlib.driver.http.tls import tls_context
from hvlib.model.endpoint import Endpoint
from hvlib.model.errors import ConnectionFailed

__all__ = ["Address", "Transport", "chunks"]

IDLE_CONNECTIONS = 32
"""The number of idle connections that are kept; more may be open at a time."""

CHUNK_BYTES = 1 << 16


class Address(msgspec.Struct, frozen=True):
    """Where the server listens.

    | tls: the TLS context; None: plain HTTP, for tests and benchmarks
    | socket_path: the path of a unix socket, used instead of host and port
    """

    host: str
    port: int
    tls: Any = None
    socket_path: str = ""

    @classmethod
    def of(cls, endpoint: Endpoint) -> Address:
        """The address of an endpoint. Transport ``http`` is without TLS; ``unix`` is a unix socket at the URL's path.

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
    """A pool of connections, shared by threads. `cut` ends the exchanges of all threads."""

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

        | timeout: seconds for the whole exchange, to the end of the reply
        | wait: more seconds, for a server that delays its answer on purpose

        Raises `NotSent`, `ConnectionTimeout`, `ConnectionFailed`, and `ConfigError` for an invalid address.
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
                # After a whole reply the connection is back in the pool already; otherwise this closes it.
                response.close()

    def cut(self) -> None:
        """End every connection: a thread that waits on one gets `ConnectionFailed` at once."""
        self._opened.cut()

    def close(self) -> None:
        """End every connection for good: a thread that waits on one or is opening one gets `ConnectionFailed`."""
        self._opened.close()
        self._pool.close()


def _pool(address: Address) -> urllib3.HTTPConnectionPool:
    if address.socket_path:
        pool = urllib3.HTTPConnectionPool(address.host, maxsize=IDLE_CONNECTIONS)
        pool.ConnectionCls = partial(UnixConnection, socket_path=address.socket_path)  # type: ignore[assignment]
        return pool
    if address.tls is None:
        pool = urllib3.HTTPConnectionPool(address.host, address.port, maxsize=IDLE_CONNECTIONS)
        pool.ConnectionCls = PlainConnection
        return pool
    pool = urllib3.HTTPSConnectionPool(address.host, address.port, maxsize=IDLE_CONNECTIONS, ssl_context=address.tls)
    pool.ConnectionCls = TlsConnection
    return pool


def chunks(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """The body of a reply, in parts, as it arrives. Raises `ConnectionFailed` if the reply broke off in its headers."""
    empty = True
    for chunk in response.stream(CHUNK_BYTES):
        empty = False
        yield chunk
    if empty and not ends_in_headers(response.status, response.headers):
        raise ConnectionFailed("the connection broke in the headers of a reply")
