"""The wire around the bodies: HTTP over TCP, TLS and a unix socket.

What is asserted follows the server's source (ocaml/libs/http-lib/http_svr.ml), or what a test cites.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from pathlib import Path

import pytest
from drivers.xapi_simulator.clients.wire import WireClient
from drivers.xapi_simulator.clients.xml_call import xml_call
from hvlib_xapi_simulator import Settings, Simulator


@pytest.mark.parametrize("path", ["/", "/jsonrpc"])
def test_calls_are_answered(client: WireClient, path: str) -> None:
    body = xml_call("pool.get_all", client.session)
    if path == "/jsonrpc":
        body = b'{"id":"x","method":"pool.get_all","params":["%s"]}' % client.session.encode()
    status, kind, reply = client.post(path, body)
    assert (status, kind) == (200, "application/json" if path == "/jsonrpc" else "text/xml")
    assert client("pool.get_all")[0].encode() in reply


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/", b"<methodCall><methodName>"),
        ("/", b"no xml"),
        ("/", xml_call("VM.get_all", "<int>x</int>")),
        ("/jsonrpc", b"{"),
        ("/jsonrpc", b"[]"),
        ("/jsonrpc", b'{"method":"VM.get_all","params":[],"id":null}'),
        ("/jsonrpc", b'{"jsonrpc":"2.0","method":"VM.get_all"}'),
        ("/jsonrpc", b'{"jsonrpc":"1.9","method":"VM.get_all","id":1}'),
        ("/jsonrpc", b'{"method":"VM.get_all","params":{},"id":1}'),
    ],
)
def test_a_malformed_call_gets_a_page_of_html(client: WireClient, path: str, body: bytes) -> None:
    """ocaml/libs/http-lib/http_svr.ml, handle_one: any exception is HTTP 500."""
    status, kind, page = client.post(path, body)
    assert (status, kind) == (500, "text/html")
    assert page.startswith(b"<html><body><h1>HTTP 500 internal server error</h1>")


def test_an_error_that_cannot_be_encoded_gets_a_page_of_html(client: WireClient) -> None:
    """ocaml/libs/http-lib/http_svr.ml, handle_one."""
    call = b'{"id":1,"method":"VM.\\ud800","params":["%s"]}' % client.session.encode()
    assert client.post("/jsonrpc", call)[0] == 500


def send(client: WireClient, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", client.simulator.port or 0), timeout=10) as connection:
        connection.sendall(request)
        return connection.makefile("rb").read()


def test_content_length_is_needed_and_limited(client: WireClient) -> None:
    """ocaml/libs/http-lib/http_svr.ml, read_body; ocaml/database/db_globs.ml: 300 KiB."""
    assert send(client, b"POST / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 500 Internal Error\r\n")
    too_long = b"POST / HTTP/1.1\r\nContent-Length: 307201\r\n\r\n"
    assert send(client, too_long).startswith(b"HTTP/1.1 500 Internal Error\r\n")


def test_other_methods_are_refused(client: WireClient) -> None:
    """ocaml/libs/http-lib/http_svr.ml, default_callback and Method_not_implemented."""
    assert send(client, b"GET /nothing HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert send(client, b"BREW / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 501 Method not implemented\r\n")


def test_connections_are_kept(client: WireClient) -> None:
    connection = client.connect()
    for _ in range(3):
        connection.request("POST", "/", xml_call("pool.get_all", client.session))
        response = connection.getresponse()
        assert response.headers["Connection"] == "keep-alive"
        assert b"Success" in response.read()
    connection.close()


def test_unix_socket_asks_for_no_password(simulator: Simulator, tmp_path: Path) -> None:
    """ocaml/xapi/xapi_session.ml, login_with_password: whoever reaches the socket is root, on a slave too."""
    for path in (tmp_path / "xapi", tmp_path / "xapi.1"):
        client = WireClient(simulator, unix_socket=path).login(password="whatever")
        assert len(client("VM.get_all")) == 25


def test_tls(tmp_path: Path) -> None:
    """Clients that verify strictly accept the certificate, by address and by name. A silent client delays no other."""
    settings = Settings(vms=1, hosts=2)
    with Simulator(settings, members=2, tls_port=0, certificate=tmp_path / "xapi.pem") as simulator:
        assert simulator.tls_port
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        with socket.create_connection(("127.0.0.1", simulator.tls_port)):
            for name in ("127.0.0.1", "127.0.0.2", "localhost"):
                connection = http.client.HTTPSConnection(name, simulator.tls_port, timeout=10, context=context)
                connection.request("POST", "/", xml_call("system.listMethods"))
                assert connection.getresponse().status == 200
                connection.close()
    assert (tmp_path / "xapi.pem").stat().st_mode & 0o777 == 0o600
