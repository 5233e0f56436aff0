"""The bodies of requests and replies, byte by byte.

What is asserted follows the server's source (ocaml/xapi/api_server.ml; mirage/ocaml-rpc, src/lib/*.ml),
or what a test cites.
"""

from __future__ import annotations

import json

import pytest
from drivers.xapi_simulator.clients.plain import Client
from drivers.xapi_simulator.clients.xml_call import xml_call
from hvlib_xapi_simulator import json_rpc, xml_rpc
from hvlib_xapi_simulator.values import DateTime, Int32

HEAD = b'<?xml version="1.0"?><methodResponse><params><param><value>'
TAIL = b"</value></param></params></methodResponse>"


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
