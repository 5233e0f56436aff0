"""Connections: the SDK's HTTP transport, with exchanges that have a deadline and that any thread can cut."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
import urllib3
from keystoneauth1.exceptions import ClientException
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError

from hvlib.driver import Context
from hvlib.driver.http import tls_context
from hvlib.driver.http.connecting import PlainConnection, TlsConnection
from hvlib.driver.http.deadline import deadline
from hvlib.driver.http.errors import connection_error, connection_errors
from hvlib.driver.http.framing import ends_in_headers
from hvlib.driver.http.opened import Opened

__all__ = ["Connections", "transport_errors"]

MAX_IDLE = 100
"""How many idle connections to one service are kept; more may be open at a time."""

IDENTIFIER = re.compile(r"(?<=/)(?:req-)?(?:[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|\d+)(?=/|$)")


class Connections(HTTPAdapter):
    """The transport adapter of a requests session, shared by threads. `cut` ends the waits of all threads.

    Each request is counted. It must be over, with its reply read whole, within the context's timeout.
    """

    def __init__(self, context: Context, verify: bool | None, cacert: str | None) -> None:
        self._seconds = context.timeout()
        self._leaving: int | None = None
        self._context = context
        self._verify = verify
        self._tls = tls_context(verify, cacert)
        self._opened = Opened()
        super().__init__(pool_maxsize=MAX_IDLE)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """`requests.adapters.HTTPAdapter.init_poolmanager`."""
        super().init_poolmanager(*args, ssl_context=self._tls, **options)
        _keep_to_the_deadline(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """`requests.adapters.HTTPAdapter.proxy_manager_for`."""
        manager = super().proxy_manager_for(
            proxy, ssl_context=self._tls, proxy_ssl_context=tls_context(self._verify, None), **options
        )
        _keep_to_the_deadline(manager)
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send a request and read its reply."""
        if self._leaving not in (None, threading.get_ident()):
            raise requests.ConnectionError("the session was closed")
        self._context.count_request(f"{request.method} {IDENTIFIER.sub('{id}', request.path_url.partition('?')[0])}")
        with deadline(self._seconds, self._opened):
            response = super().send(request, *args, **options)
            body = _read(response)
        if not body and not ends_in_headers(response.status_code, response.headers):
            raise requests.ConnectionError("the connection broke in the headers of a reply")
        return response

    def leave(self, seconds: float) -> None:
        """Cut all connections; from now on let only this thread send requests, each for at most ``seconds``.

        The SDK tries again after some errors, so the work of another thread would begin anew.
        """
        self._leaving, self._seconds = threading.get_ident(), min(seconds, self._seconds)
        self.cut()

    def cut(self) -> None:
        """End every connection: a thread that waits on one gets an error at once."""
        self._opened.cut()


class PlainPool(urllib3.HTTPConnectionPool):
    """Connections without TLS that keep to the deadline."""

    ConnectionCls = PlainConnection


class TlsPool(urllib3.HTTPSConnectionPool):
    """Connections over TLS that keep to the deadline."""

    ConnectionCls = TlsConnection


def _keep_to_the_deadline(manager: urllib3.PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}


def _read(response: requests.Response) -> bytes:
    """Read the body in one call: requests would read it in small pieces, which takes longer than decoding it."""
    try:
        body: bytes = response.raw.read(decode_content=True)
    except HTTPError as error:
        raise requests.ConnectionError(error) from error
    response._content = body
    response._content_consumed = True
    return body


@contextmanager
def transport_errors(server: str) -> Iterator[None]:
    """Raise errors of the connection to ``server`` as errors of hvlib. Other errors of the SDK pass through."""
    with connection_errors(server):
        try:
            yield
        except (requests.RequestException, ClientException) as error:
            origin = _origin(error)
            if origin is None:
                raise
            raise connection_error(origin, server) from error


def _origin(error: BaseException | None) -> HTTPError | OSError | None:
    """The connection's error beneath the SDK's own errors; None if the server has answered."""
    while error is not None:
        reason = error.reason if isinstance(error, MaxRetryError) else None
        for candidate in (reason, error, *error.args):
            if isinstance(candidate, (HTTPError, OSError)) and not isinstance(
                candidate, (MaxRetryError, requests.RequestException)
            ):
                return candidate
        if isinstance(error, requests.ConnectionError) and error.__context__ is None:
            return OSError(str(error))
        error = error.__cause__ or error.__context__
    return None
