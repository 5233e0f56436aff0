"""A proxy that lets things go wrong, between any client and any server that speak HTTP/1.1.

    with FaultyProxy(("127.0.0.1", server.port), named_by=soap_method) as proxy:
        proxy.next(ResetAfter(), when=named("PowerOnVM_Task"))
        ...                                   # a client that uses proxy.port
        proxy.requests["PowerOnVM_Task"]      # how often it was asked

A reply is passed on when it is complete. Clients that send several requests at once are not served.
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
    """What is called by SOAP; of what is no SOAP call, method and path."""
    found = SOAP_METHOD.search(request.body)
    return found[1].decode() if found else method_and_path(request)


def json_method(request: Request) -> str:
    """What is called by JSON-RPC; of what is no such call, method and path."""
    try:
        return str(json.loads(request.body)["method"])
    except (ValueError, KeyError, TypeError):
        return method_and_path(request)


def method_and_path(request: Request) -> str:
    """``GET /v1/machines``, without what follows a question mark."""
    return f"{request.method} {request.path.partition('?')[0]}"


def named(*names: str) -> Callable[[Request], bool]:
    """Matches the requests of these names."""
    return lambda request: request.name in names


class Planned:
    """A fault that waits for its request: ``times`` matching ones meet it (None: all), after ``skip`` that do not."""

    def __init__(self, fault: Fault, when: Callable[[Request], bool], times: int | None, skip: int) -> None:
        self.fault = fault
        self.struck = threading.Event()
        """Set when the fault strikes, for the first time."""
        self._when = when
        self._left = times
        self._skip = skip

    def meets(self, request: Request) -> bool:
        """Whether this request meets the fault. Each matching one is asked for once."""
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
    """Listens on loopback from its making until `close`.

    | server: where requests go to
    | named_by: what a request is called
    | present: how to meet clients in TLS, with a certificate; None: without TLS
    | trust: how to meet the server in TLS, and what to verify it with; None: without TLS
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
        """How many requests clients made, by name; those that met a fault too."""
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

        Of several faults, the one that was planned first comes first.
        """
        planned = Planned(fault, when, times, skip)
        with self._lock:
            self._plans.append(planned)
        return planned

    def refuse(self) -> None:
        """Break all connections, and let new ones be refused until `admit`."""
        self.admit_no_more()
        with self._lock:
            links = list(self._links)
        for link in links:
            link.cut()
        for link in links:
            link.join()

    def admit_no_more(self) -> None:
        """Let new connections be refused until `admit`. Those that there are go on."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is None:
            return
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        listener.close()

    def admit(self) -> None:
        """Take connections, at the same port as before. Does nothing where it does so."""
        with self._lock:
            if self._listener is not None:
                return
            self._listener = listener = socket.create_server((LOOPBACK, self.port))
            self.port = listener.getsockname()[1]
            self._accepting = threading.Thread(target=self._accept, args=(listener,), name=f"faulty-proxy-{self.port}")
            self._accepting.start()

    def close(self) -> None:
        """End everything, promptly: frozen requests too."""
        self.refuse()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fault_of(self, request: Request) -> tuple[Request, Fault | None]:
        """The request with its name, counted; and the fault that it meets."""
        request = request.called(self._named_by(request))
        with self._lock:
            self.requests[request.name] += 1
            met = next((planned for planned in self._plans if planned.meets(request)), None)
        return request, None if met is None else met.fault

    def forget(self, link: _Link) -> None:
        """A connection has ended."""
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
    """One client's connection, and the one to the server that goes with it: the `Exchange` that is under way."""

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
        """Wait for that thread."""
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
        """One exchange."""
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
