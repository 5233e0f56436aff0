"""Faults as a client meets them on the wire, and the administrator's door."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest
from drivers.xapi_simulator.clients.wire import WireClient


def ask(client: WireClient, name: str, **arguments: Any) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", client.simulator.door, timeout=10)
    connection.request("POST", f"/hvlib/{name}", json.dumps(arguments))
    reply = json.load(connection.getresponse())
    connection.close()
    return reply


def test_a_dropped_request_is_not_acted_on_and_a_dropped_reply_is(client: WireClient) -> None:
    vm = client.vm()
    for kind, name in (("drop_request", "vm-00004"), ("drop_reply", "renamed")):
        assert ask(client, "add_fault", kind=kind, method="VM.set_name_label") == {"result": None}
        with pytest.raises(http.client.RemoteDisconnected):
            client("VM.set_name_label", vm, "renamed")
        assert client("VM.get_name_label", vm) == name


def test_a_page_that_says_500(client: WireClient) -> None:
    client.simulator.administrator.add_fault("http_500", "VM.*", times=2, skip=1)
    assert client("VM.get_all")
    for _ in range(2):
        with pytest.raises(AssertionError, match="HTTP 500"):
            client("VM.get_all")
    assert client("VM.get_all")


def test_a_reply_cut_in_the_middle(client: WireClient) -> None:
    client.simulator.administrator.add_fault("truncate", "VM.get_all_records")
    with pytest.raises(http.client.IncompleteRead):
        client("VM.get_all_records")
