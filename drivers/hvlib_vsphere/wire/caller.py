"""Caller: the server's methods, called over a transport in one login."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import urllib3

from hvlib.driver import Context, Secret
from hvlib.driver.http import Transport, chunks, status_error
from hvlib_vsphere.data_objects import Fault, MoRef, Row
from hvlib_vsphere.errors import STATUSES, fault_error
from hvlib_vsphere.login import Login
from hvlib_vsphere.wire.soap_messages import Reply, envelope

__all__ = ["Caller", "Calls", "fetch"]

NO_SERVER = "is this the address of a vCenter or an ESXi host?"


class Calls(Protocol):
    """Calls methods in a login: a `Caller` in its own, a client in the current one."""

    @property
    def login(self) -> Login:
        """The login that `call` uses."""

    def call(
        self, method: str, this: MoRef, arguments: str = "", *, take: Callable[[Row], object] | None = None
    ) -> Any:
        """`Caller.call`."""

    def within(self, seconds: float) -> Caller:
        """A caller in the same login, whose calls take ``seconds`` at most."""


class Caller:
    """Calls methods in one login. The server's cookie is kept in the login, and sent with each call.

    Shared by threads once it is logged in. Every call is one round trip and raises the errors of
    `hvlib_vsphere.errors`.
    """

    def __init__(self, transport: Transport, context: Context, login: Login, limit: float | None = None) -> None:
        self.login = login
        self._transport = transport
        self._context = context
        self._limit = limit

    def within(self, seconds: float) -> Caller:
        """`Calls.within`."""
        return Caller(self._transport, self._context, self.login, min(seconds, self._context.timeout()))

    def call(
        self,
        method: str,
        this: MoRef,
        arguments: str = "",
        *,
        take: Callable[[Row], object] | None = None,
        wait: float = 0,
    ) -> Any:
        """Call ``method`` of the object ``this`` and return its value.

        | arguments: elements, in the order that the API gives them
        | take: receives the objects of a RetrieveResult while they arrive
        | wait: seconds that the method itself may take before it answers
        """
        limit = self._limit or self._context.timeout()
        self._context.count_request(method)
        body, headers = envelope(method, this, arguments), self._headers()
        with self._transport.exchange(
            "POST", self.login.path, body=body, headers=headers, timeout=limit, wait=wait
        ) as response:
            if response.status not in (200, 500):
                raise status_error(response, STATUSES, NO_SERVER)
            value = _read(response, Reply(take))
        if isinstance(value, Fault):
            raise fault_error(value)
        self._keep_cookie(response)
        return value

    def _headers(self) -> dict[str, str]:
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"urn:vim25/{self.login.version}"',
            "Accept-Encoding": "gzip",
        }
        cookie = self.login.cookie.reveal()
        if cookie:
            headers["Cookie"] = cookie
        return headers

    def _keep_cookie(self, response: urllib3.BaseHTTPResponse) -> None:
        cookie = response.headers.get("Set-Cookie")
        if cookie:
            self.login.cookie = Secret(cookie.partition(";")[0])


def fetch(transport: Transport, context: Context, path: str) -> bytes | None:
    """A small document of the server, by GET, without a login; None if it does not exist."""
    limit = context.timeout()
    context.count_request(f"GET {path}")
    with transport.exchange("GET", path, headers={}, timeout=limit) as response:
        if response.status in (429, 502, 503, 504):
            raise status_error(response, STATUSES, NO_SERVER)
        data = b"".join(chunks(response))
        return data if response.status == 200 else None


def _read(response: urllib3.BaseHTTPResponse, reply: Reply) -> Any:
    for chunk in chunks(response):
        reply.feed(chunk)
    return reply.close()
