"""A proxy that causes faults between any client and any server that speak HTTP/1.1.

    with FaultyProxy(("127.0.0.1", server.port), named_by=soap_method) as proxy:
        proxy.next(ResetAfter(), when=named("PowerOnVM_Task"))
        ...                                   # a client that uses proxy.port
        proxy.requests["PowerOnVM_Task"]      # how many requests had this name

The proxy passes a reply on when it is complete. It does not serve clients that send a request before the previous reply
has arrived (pipelining).
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn, Self

from servers.faulty_fault import Fault
from servers.faulty_message import GivenUp, Reply, Request, Stream, read_reply, read_request

__all__ = ["FaultyProxy", "Planned", "json_method", "method_and_path", "named", "soap_method"]

LOOPBACK = "127.0.0.1"
RESET = struct.pack("ii", 1, 0)
SOAP_METHOD = re.compile(rb"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)")


def soap_method(request: Request) -> str:
    """Return the method that a SOAP call names; for any other request its HTTP method and path."""
    found = SOAP_METHOD.search(request.body)
    return found[1].decode() if found else method_and_path(request)


def json_method(request: Request) -> str:
    """Return the method that a JSON-RPC call names; for any other request its HTTP method and path."""
    try:
        return str(json.loads(request.body)["method"])
    except (ValueError, KeyError, TypeError):
        return method_and_path(request)


def method_and_path(request: Request) -> str:
    """Return the HTTP method and the path without the query: ``GET /v1/machines``."""
    return f"{request.method} {request.path.partition('?')[0]}"


def named(*names: str) -> Callable[[Request], bool]:
    """Return a condition that matches the requests with one of these names."""
    return lambda request: request.name in names


class Planned:
    """A fault that waits for requests: ``times`` matching requests meet it (None: all), after ``skip`` that do not."""

    def __init__(self, fault: Fault, when: Callable[[Request], bool], times: int | None, skip: int) -> None:
        self.fault = fault
        self.struck = threading.Event()
        """Set when the fault strikes for the first time."""
        self._when = when
        self._left = times
        self._skip = skip

    def meets(self, request: Request) -> bool:
        """Return whether a request meets the fault. Counts it: call this once for each request."""
        if self._left == 0 or not self._when(request):
            return False
        if self._skip:
            self._skip -= 1
            return False
        if self._left is not None:
            self._left -= 1
        self.struck.set()
        return True


class FaultyProxy:
    """A proxy that listens on loopback from its construction until `close`.

    | server: the address that requests are sent to
    | named_by: returns a request's name
    | present: the TLS context for clients, with a certificate; None: without TLS
    | trust: the TLS context for the server, which verifies it; None: without TLS
    """

    def __init__(
        self,
        server: tuple[str, int],
        *,
        named_by: Callable[[Request], str] = method_and_path,
        present: ssl.SSLContext | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self.server = server
        self.present = present
        self.trust = trust
        self.requests: Counter[str] = Counter()
        """How many requests clients made, by name, with the requests that met a fault."""
        self._named_by = named_by
        self._lock = threading.Lock()
        self._plans: list[Planned] = []
        self._links: set[_Link] = set()
        self.port = 0
        self._listener: socket.socket | None = None
        self.admit()

    @property
    def total(self) -> int:
        """How many requests clients made."""
        return self.requests.total()

    @property
    def connections(self) -> int:
        """How many clients' connections there are now."""
        return len(self._links)

    def next(
        self, fault: Fault, *, when: Callable[[Request], bool] = lambda _: True, times: int | None = 1, skip: int = 0
    ) -> Planned:
        """Let the next matching requests meet a fault: ``times`` of them (None: all), after ``skip`` that do not.

        If several faults match, the request meets the fault that was planned first.
        """
        planned = Planned(fault, when, times, skip)
        with self._lock:
            self._plans.append(planned)
        return planned

    def refuse(self) -> None:
        """Break all connections, and refuse new connections until `admit`."""
        self.admit_no_more()
        with self._lock:
            links = list(self._links)
        for link in links:
            link.cut()
        for link in links:
            link.join()

    def admit_no_more(self) -> None:
        """Refuse new connections until `admit`, and keep the open ones."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is None:
            return
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        listener.close()

    def admit(self) -> None:
        """Accept connections, at the same port as before. Does nothing if the proxy accepts them already."""
        with self._lock:
            if self._listener is not None:
                return
            self._listener = listener = socket.create_server((LOOPBACK, self.port))
            self.port = listener.getsockname()[1]
            self._accepting = threading.Thread(target=self._accept, args=(listener,), name=f"faulty-proxy-{self.port}")
            self._accepting.start()

    def close(self) -> None:
        """End all connections at once, also with frozen requests, and stop listening."""
        self.refuse()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fault_of(self, request: Request) -> tuple[Request, Fault | None]:
        """Name and count a request. Return it and the fault that it meets."""
        request = request.called(self._named_by(request))
        with self._lock:
            self.requests[request.name] += 1
            met = next((planned for planned in self._plans if planned.meets(request)), None)
        return request, None if met is None else met.fault

    def forget(self, link: _Link) -> None:
        """Remove a connection that has ended."""
        with self._lock:
            self._links.discard(link)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            link = _Link(self, client)
            with self._lock:
                self._links.add(link)
            link.start()


class _Ended(Exception):
    """The exchange is over, and its connection with it."""


class _Link:
    """One client's connection, and its connection to the server. It is the `Exchange` of the request under way."""

    request: Request

    def __init__(self, proxy: FaultyProxy, client: socket.socket) -> None:
        self._proxy = proxy
        self._client = Stream(client)
        self._server: Stream | None = None
        self._lock = threading.Lock()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name=f"faulty-proxy-{proxy.port}")

    def start(self) -> None:
        """Serve the client, in a thread."""
        self._thread.start()

    def join(self) -> None:
        """Wait until the thread ends."""
        self._thread.join()

    def cut(self) -> None:
        """End both connections, from any thread."""
        with self._lock:
            self._ending = True
            self._client.shut()
            if self._server is not None:
                self._server.shut()

    def forward(self) -> Reply:
        """`Exchange.forward`."""
        server = self._server or self._connect()
        server.write(self.request.raw)
        return read_reply(server, self.request, self._client)

    def answer(self, data: bytes) -> None:
        """`Exchange.answer`."""
        self._client.write(data)

    def wait(self, seconds: float | None) -> None:
        """`Exchange.wait`."""
        self._client.wait_for_end(seconds)

    def drop(self) -> NoReturn:
        """`Exchange.drop`."""
        raise _Ended

    def reset(self) -> NoReturn:
        """`Exchange.reset`."""
        self._client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        raise _Ended

    def _run(self) -> None:
        try:
            with suppress(_Ended, GivenUp, OSError):
                self._meet_client()
                while True:
                    self._serve()
        finally:
            self._close()
            self._proxy.forget(self)

    def _serve(self) -> None:
        """Handle one exchange."""
        self.request, fault = self._proxy.fault_of(read_request(self._client))
        if fault is not None:
            fault.strike(self)
            return
        reply = self.forward()
        self.answer(reply.raw)
        if reply.last:
            self.drop()

    def _meet_client(self) -> None:
        if self._proxy.present is not None:
            plain = self._client.sock
            secure = self._proxy.present.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
            with self._lock:
                self._client = Stream(secure)
                if self._ending:
                    raise _Ended
            secure.do_handshake()

    def _connect(self) -> Stream:
        host, _ = self._proxy.server
        sock = socket.create_connection(self._proxy.server)
        try:
            if self._proxy.trust is not None:
                sock = self._proxy.trust.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
            with self._lock:
                if self._ending:
                    raise _Ended
                self._server = Stream(sock)
            if isinstance(sock, ssl.SSLSocket):
                sock.do_handshake()
        except BaseException:
            sock.close()
            raise
        return self._server

    def _close(self) -> None:
        with self._lock:
            self._ending = True
            self._client.sock.close()
            if self._server is not None:
                self._server.sock.close()
