"""Tests of the proxy alone: each fault. Clients are Python's and pyVmomi, servers are Python's and vcsim."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

from servers.faulty_fault import (
    Delay,
    Drop,
    DropMidway,
    Fault,
    FreezeAfter,
    FreezeBefore,
    ResetAfter,
    ResetBefore,
    Truncate,
    html_page,
    rate_limited,
    server_error,
    unauthorized,
    unavailable,
)
from servers.faulty_proxy import FaultyProxy, json_method, named, soap_method
from servers.vcsim import Vcsim

TEXT = b"0123456789" * 10


class TextHandler(BaseHTTPRequestHandler):
    """Answers TEXT in the framing that the path names, and logs the paths."""

    protocol_version = "HTTP/1.1"
    server: ThreadingHTTPServer

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer()

    def _answer(self) -> None:
        self.server.log.append(self.path)  # type: ignore[attr-defined]
        self.send_response(200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"32\r\n" + TEXT[:50] + b"\r\n32;x=1\r\n" + TEXT[50:] + b"\r\n0\r\nX-Trailer: 1\r\n\r\n")
            return
        if self.path == "/until-close":
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(TEXT)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(TEXT)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), TextHandler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def log(server: ThreadingHTTPServer) -> list[str]:
    log: list[str] = []
    server.log = log  # type: ignore[attr-defined]
    return log


@pytest.fixture
def proxy(server: ThreadingHTTPServer, log: list[str]) -> Iterator[FaultyProxy]:
    with FaultyProxy(("127.0.0.1", server.server_port)) as proxy:
        yield proxy


def get(proxy: FaultyProxy, path: str = "/sized", method: str = "GET", timeout: float = 5.0) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=timeout)) as connection:
        connection.request(method, path)
        reply = connection.getresponse()
        return reply.status, reply.read()


@pytest.mark.parametrize("path", ["/sized", "/chunked", "/until-close"])
def test_without_faults_requests_and_replies_are_unchanged(proxy: FaultyProxy, path: str) -> None:
    assert get(proxy, path) == (200, TEXT)
    assert get(proxy, path, "HEAD") == (200, b"")
    with urllib.request.urlopen(f"http://127.0.0.1:{proxy.port}{path}", b"question") as reply:
        assert reply.read() == TEXT
    assert proxy.requests == {f"GET {path}": 1, f"HEAD {path}": 1, f"POST {path}": 1}
    assert proxy.total == 3


def test_connections_are_kept(proxy: FaultyProxy) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=5.0)) as connection:
        for path in ("/sized", "/chunked", "/sized"):
            connection.request("GET", path)
            sock = connection.sock
            assert connection.getresponse().read() == TEXT
            assert connection.sock is sock


def test_a_fault_strikes_only_the_planned_requests(proxy: FaultyProxy, log: list[str]) -> None:
    planned = proxy.next(server_error(), when=named("GET /sized"), times=2, skip=1)
    assert get(proxy)[0] == 200
    assert not planned.struck.is_set()
    assert [get(proxy)[0], get(proxy, "/chunked")[0], get(proxy)[0], get(proxy)[0]] == [500, 200, 500, 200]
    assert planned.struck.is_set()
    assert log == ["/sized", "/chunked", "/sized"]
    assert proxy.requests["GET /sized"] == 4


@pytest.mark.parametrize(
    ("fault", "acted", "error"),
    [
        (ResetBefore(), 0, ConnectionResetError),
        (ResetAfter(), 1, ConnectionResetError),
        (Drop(0), 1, http.client.RemoteDisconnected),
        (Drop(3), 1, http.client.BadStatusLine),
        (DropMidway(), 1, http.client.IncompleteRead),
        (Drop(10**6), 1, http.client.IncompleteRead),
        (FreezeBefore(), 0, TimeoutError),
        (FreezeAfter(), 1, TimeoutError),
    ],
    ids=str,
)
def test_connections_break(
    proxy: FaultyProxy, log: list[str], fault: Fault, acted: int, error: type[Exception]
) -> None:
    proxy.next(fault)
    with pytest.raises(error):
        get(proxy, timeout=0.3)
    assert len(log) == acted
    assert get(proxy) == (200, TEXT)


@pytest.mark.parametrize("path", ["/sized", "/chunked", "/until-close"])
def test_a_truncated_reply_is_whole_as_http(proxy: FaultyProxy, path: str) -> None:
    proxy.next(Truncate(0.25))
    assert get(proxy, path) == (200, TEXT[:25])


def test_a_delayed_request_is_answered(proxy: FaultyProxy) -> None:
    proxy.next(Delay(0.05))
    started = time.monotonic()
    assert get(proxy) == (200, TEXT)
    assert time.monotonic() - started >= 0.05


def test_replies_are_replaced_and_the_server_sees_no_request(proxy: FaultyProxy, log: list[str]) -> None:
    replies = (unauthorized(), unavailable(), unavailable(2), server_error(), rate_limited(1.5), html_page())
    for fault in replies:
        proxy.next(fault)
    replied = []
    with closing(http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=5.0)) as connection:
        for _ in replies:
            connection.request("GET", "/sized")
            reply = connection.getresponse()
            reply.read()
            replied.append((reply.status, reply.headers["Retry-After"]))
    assert replied == [(401, None), (503, None), (503, "2"), (500, None), (429, "1.5"), (200, None)]
    assert log == []


def test_retry_after_as_a_date(proxy: FaultyProxy) -> None:
    proxy.next(rate_limited(60, as_date=True))
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"http://127.0.0.1:{proxy.port}/")
    with caught.value as reply:
        left = parsedate_to_datetime(reply.headers["Retry-After"]).timestamp() - time.time()
        assert (reply.code, reply.headers["Retry-After"][-3:]) == (429, "GMT")
        assert 50 < left <= 60


def test_connections_are_refused_until_admit(proxy: FaultyProxy) -> None:
    port = proxy.port
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        get(proxy)
    proxy.admit()
    proxy.admit()
    assert get(proxy) == (200, TEXT)
    assert proxy.port == port


def test_close_ends_frozen_requests(server: ThreadingHTTPServer, log: list[str]) -> None:
    proxy = FaultyProxy(("127.0.0.1", server.server_port))
    planned = proxy.next(FreezeBefore())
    with closing(socket.create_connection(("127.0.0.1", proxy.port))) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert planned.struck.wait(5.0)
        started = time.monotonic()
        proxy.close()
        assert time.monotonic() - started < 1.0
        assert client.recv(1) == b""
    assert f"faulty-proxy-{proxy.port}" not in {thread.name for thread in threading.enumerate()}
    assert log == []


def test_requests_have_names(server: ThreadingHTTPServer, log: list[str]) -> None:
    with FaultyProxy(("127.0.0.1", server.server_port), named_by=json_method) as proxy:
        for body in (json.dumps({"method": "VM.start"}).encode(), b"[]"):
            urllib.request.urlopen(f"http://127.0.0.1:{proxy.port}/jsonrpc?x=1", body).close()
        assert proxy.requests == {"VM.start": 1, "POST /jsonrpc": 1}


@pytest.fixture(scope="module")
def vcsim() -> Iterator[Vcsim]:
    with Vcsim(vms=8) as running:
        yield running


@pytest.fixture
def trust(vcsim: Vcsim) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(vcsim.cacert))


@pytest.fixture
def secure(vcsim: Vcsim, trust: ssl.SSLContext) -> Iterator[FaultyProxy]:
    present = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    present.load_cert_chain(*vcsim.certificate)
    with FaultyProxy(("127.0.0.1", vcsim.port), named_by=soap_method, present=present, trust=trust) as proxy:
        yield proxy


def test_urllib_over_tls(vcsim: Vcsim, secure: FaultyProxy, trust: ssl.SSLContext) -> None:
    url = f"https://127.0.0.1:{secure.port}/sdk/vimServiceVersions.xml"
    with urllib.request.urlopen(url, context=trust) as reply:
        assert b"urn:vim25" in reply.read()
    secure.next(ResetBefore())
    with pytest.raises((urllib.error.URLError, ConnectionResetError)):
        urllib.request.urlopen(url, context=trust)


def test_plain_clients_of_a_server_with_tls(vcsim: Vcsim, trust: ssl.SSLContext) -> None:
    with FaultyProxy(("127.0.0.1", vcsim.port), trust=trust) as proxy:
        assert get(proxy, "/hvlib/calls") == (200, json.dumps(vcsim.calls()).encode() + b"\n")


@contextmanager
def sdk(server: Vcsim, proxy: FaultyProxy, trust: ssl.SSLContext) -> Iterator[Any]:
    """Yield the vendor's own client, logged in through the proxy."""
    address = {"host": "127.0.0.1", "port": proxy.port, "sslContext": trust}
    instance = SmartConnect(**address, user=server.user, pwd=server.password)  # type: ignore[no-untyped-call]
    yield instance
    Disconnect(instance)  # type: ignore[no-untyped-call]


def wait_request(instance: Any) -> bytes:
    """Return the bytes of a WaitForUpdatesEx that waits for a minute, in the client's session."""
    collector = instance.content.propertyCollector._moId
    body = (
        '<?xml version="1.0"?><E:Envelope xmlns:E="http://schemas.xmlsoap.org/soap/envelope/"><E:Body>'
        f'<WaitForUpdatesEx xmlns="urn:vim25"><_this type="PropertyCollector">{collector}</_this><version>-</version>'
        "<options><maxWaitSeconds>60</maxWaitSeconds></options></WaitForUpdatesEx></E:Body></E:Envelope>"
    )
    head = f"POST /sdk HTTP/1.1\r\nHost: x\r\nCookie: {instance._stub.cookie}\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5.0
    while not condition():
        assert time.monotonic() < deadline


def test_the_vendors_sdk_through_the_proxy(vcsim: Vcsim, secure: FaultyProxy, trust: ssl.SSLContext) -> None:
    before = vcsim.calls()
    with sdk(vcsim, secure, trust) as instance:
        content = instance.content
        view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
        assert len([vm.name for vm in view.view]) == 9
        secure.next(unavailable(), when=named("DestroyView"))
        with pytest.raises(http.client.HTTPException, match="503"):
            view.Destroy()
        view.Destroy()
    calls = {name: times - before.get(name, 0) for name, times in vcsim.calls().items()}
    assert secure.requests["DestroyView"] == calls["DestroyView"] + 1 == 2
    assert secure.requests["Login"] == calls["Login"] == 1


def test_a_client_that_gives_up_a_wait_is_disconnected_from_the_server(
    vcsim: Vcsim, secure: FaultyProxy, trust: ssl.SSLContext
) -> None:
    with sdk(vcsim, secure, trust) as instance:
        request = wait_request(instance)
        instance._stub.DropConnections()
        wait_until(lambda: not secure.connections)
        with (
            socket.create_connection(("127.0.0.1", secure.port)) as plain,
            trust.wrap_socket(plain, server_hostname="127.0.0.1") as client,
        ):
            client.sendall(request)
            wait_until(lambda: vcsim.calls().get("WaitForUpdatesEx") == 1)
            assert secure.connections == 1
        wait_until(lambda: not secure.connections)
