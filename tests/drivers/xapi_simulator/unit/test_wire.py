"""What is on the wire, byte by byte.

What is asserted follows the server's source (ocaml/xapi/api_server.ml; mirage/ocaml-rpc, src/lib/*.ml),
or what a test cites.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from pathlib import Path

import pytest
from drivers.xapi_simulator.clients.plain import Client
from hvlib_xapi_simulator import Settings, Simulator, json_rpc, xml_rpc
from hvlib_xapi_simulator.values import DateTime, Int32

HEAD = b'<?xml version="1.0"?><methodResponse><params><param><value>'
TAIL = b"</value></param></params></methodResponse>"


def xml_call(method: str, *values: str) -> bytes:
    parameters = "".join(f"<param><value>{value}</value></param>" for value in values)
    return f"<methodCall><methodName>{method}</methodName><params>{parameters}</params></methodCall>".encode()


@pytest.mark.parametrize(
    ("value", "xml", "text"),
    [
        (8589934592, "<value>8589934592</value>", "8589934592"),
        (Int32(3), "<value><i4>3</i4></value>", "3"),
        (True, "<value><boolean>1</boolean></value>", "true"),
        (0.1, "<value><double>0.1</double></value>", "0.1"),
        (1.0, "<value><double>1</double></value>", "1.0"),
        (float("nan"), "<value><double>nan</double></value>", "NaN"),
        (float("inf"), "<value><double>inf</double></value>", "Infinity"),
        ("", "<value></value>", '""'),
        ('<a> & "b"\x07\n', "<value>&lt;a&gt; &amp; &quot;b&quot;\n</value>", '"<a> & \\"b\\"\\u0007\\n"'),
        ("é", "<value>é</value>", '"é"'),
        (
            DateTime("20240101T00:00:00Z"),
            "<value><dateTime.iso8601>20240101T00:00:00Z</dateTime.iso8601></value>",
            '"20240101T00:00:00Z"',
        ),
        (["a"], "<value><array><data><value>a</value></data></array></value>", '["a"]'),
        (
            {"a&b": {}},
            "<value><struct><member><name>a&b</name><value><struct></struct></value></member></struct></value>",
            '{"a&b":{}}',
        ),
    ],
)
def test_values(value: object, xml: str, text: str) -> None:
    """ocaml-rpc src/lib/xmlrpc.ml and jsonrpc.ml: ints are bare, names of members are not escaped."""
    assert xml_rpc.encode(value) == xml
    assert json_rpc.encode(value) == text


def test_xml_replies_are_compact(client: Client) -> None:
    """ocaml-rpc src/lib/xmlrpc.ml, add_response: no white space between elements."""
    vm = client.vm()
    status, kind, body = client.post("/", xml_call("VM.get_VCPUs_max", client.session, vm))
    member = b"<member><name>%s</name><value>%s</value></member>"
    count = str(client("VM.get_VCPUs_max", vm)).encode()
    inner = b"<struct>%s%s</struct>" % (member % (b"Status", b"Success"), member % (b"Value", count))
    assert (status, kind, body) == (200, "text/xml", HEAD + inner + TAIL)


def test_xml_errors(client: Client) -> None:
    status, _, body = client.post("/RPC2", xml_call("VM.get_all", "OpaqueRef:none"))
    array = b"<array><data><value>SESSION_INVALID</value><value>OpaqueRef:none</value></data></array>"
    assert status == 200
    assert b"<name>Status</name><value>Failure</value>" in body
    assert b"<name>ErrorDescription</name><value>" + array in body


def test_list_methods_is_bare_and_needs_no_session(client: Client) -> None:
    """ocaml/xapi/api_server.ml, callback: the only reply without a Status."""
    _, _, body = client.post("/", xml_call("system.listMethods"))
    assert body.startswith(HEAD + b"<array><data><value>role.get_by_permission</value>")
    names = client.raw("system.listMethods")
    assert {"VM.start", "VM.get_all_records_where", "event.from", "VBD.create"} <= set(names)
    assert not [name for name in names if name.startswith("Async.")]


@pytest.mark.parametrize("path", ["/", "/RPC2", "/xmlrpc", "/any/thing"])
def test_paths_match_by_their_longest_prefix(client: Client, path: str) -> None:
    """ocaml/libs/http-lib/http_svr.ml, Radix_tree.longest_prefix."""
    assert b"Success" in client.post(path, xml_call("pool.get_all", client.session))[2]


def test_json_rpc_1(client: Client) -> None:
    """ocaml-rpc src/lib/jsonrpc.ml, json_of_response: both result and error, the error a list."""
    call = {"id": "x", "method": "VM.get_all", "params": ["OpaqueRef:none"]}
    body = client.post("/jsonrpc", json.dumps(call).encode())[2]
    assert body == b'{"result":null,"error":["SESSION_INVALID","OpaqueRef:none"],"id":"x"}'
    call["params"] = [client.session]
    reply = json.loads(client.post("/jsonrpc", json.dumps(call).encode())[2])
    assert list(reply) == ["result", "error", "id"]
    assert reply["error"] is None
    assert len(reply["result"]) == 25


def test_json_rpc_2(client: Client) -> None:
    """ocaml/xapi/api_server.ml, callback1: the error is an object with code 1."""
    call = {"jsonrpc": "2.0", "id": 3, "method": "VM.get_all", "params": ["OpaqueRef:none"]}
    status, kind, body = client.post("/jsonrpc", json.dumps(call).encode())
    assert (status, kind) == (200, "application/json")
    error = b'{"code":1,"message":"SESSION_INVALID","data":["OpaqueRef:none"]}'
    assert body == b'{"jsonrpc":"2.0","error":' + error + b',"id":3}'


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
def test_what_is_no_call_gets_a_page_of_html(client: Client, path: str, body: bytes) -> None:
    """ocaml/libs/http-lib/http_svr.ml, handle_one: any exception is HTTP 500."""
    status, kind, page = client.post(path, body)
    assert (status, kind) == (500, "text/html")
    assert page.startswith(b"<html><body><h1>HTTP 500 internal server error</h1>")


def test_what_cannot_be_written_gets_a_page_of_html(client: Client) -> None:
    """ocaml/libs/http-lib/http_svr.ml, handle_one."""
    call = b'{"id":1,"method":"VM.\\ud800","params":["%s"]}' % client.session.encode()
    assert client.post("/jsonrpc", call)[0] == 500


def send(client: Client, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", client.simulator.port or 0), timeout=10) as connection:
        connection.sendall(request)
        return connection.makefile("rb").read()


def test_content_length_is_needed_and_limited(client: Client) -> None:
    """ocaml/libs/http-lib/http_svr.ml, read_body; ocaml/database/db_globs.ml: 300 KiB."""
    assert send(client, b"POST / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 500 Internal Error\r\n")
    too_long = b"POST / HTTP/1.1\r\nContent-Length: 307201\r\n\r\n"
    assert send(client, too_long).startswith(b"HTTP/1.1 500 Internal Error\r\n")


def test_other_methods_are_refused(client: Client) -> None:
    """ocaml/libs/http-lib/http_svr.ml, default_callback and Method_not_implemented."""
    assert send(client, b"GET /nothing HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert send(client, b"BREW / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 501 Method not implemented\r\n")


def test_connections_are_kept(client: Client) -> None:
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
        client = Client(simulator, unix_socket=path).login(password="whatever")
        assert len(client("VM.get_all")) == 25


def test_tls(tmp_path: Path) -> None:
    """Clients that verify strictly are content, by address and by name; a silent handshake keeps nobody waiting."""
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
