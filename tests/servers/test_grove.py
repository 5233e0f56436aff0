"""Tests of the Grove server alone. Its driver is tested elsewhere."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from servers.grove import Grove
from servers.observing import listens


@pytest.fixture(scope="module")
def grove() -> Iterator[Grove]:
    with Grove(vms=8) as server:
        yield server


def send(server: Grove, method: str, path: str, body: object = None, token: str = "") -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(method, path, json.dumps(body), {"Authorization": f"Bearer {token}"})
    response = connection.getresponse()
    reply = json.load(response)
    connection.close()
    return response.status, reply


def test_after_a_restart_it_is_the_same_server(grove: Grove) -> None:
    url, vms = grove.url, grove.objects("vms")
    made = grove.add_vm("made")
    grove.stop()
    assert not listens("127.0.0.1", grove.port)
    grove.start()
    assert (grove.url, grove.objects("vms")) == (url, vms)
    again = grove.add_vm("made")
    assert again != made
    grove.remove(again)


def test_requests_need_a_token(grove: Grove) -> None:
    before = grove.requests().get("GET /vms", 0)
    for path in ("/vms", "/about", "/nothing"):
        status, reply = send(grove, "GET", path)
        assert (status, reply["error"]["code"]) == (401, "no_session")
    status, reply = send(grove, "POST", "/sessions", {"user": grove.user, "password": "wrong"})
    assert (status, reply["error"]["code"]) == (401, "bad_credentials")
    status, reply = send(grove, "POST", "/sessions", {"user": grove.user, "password": grove.password})
    assert status == 201
    assert grove.sessions() == 1
    assert send(grove, "GET", "/vms?limit=2", token=reply["token"])[1]["total"] == 10
    assert send(grove, "GET", "/nothing", token=reply["token"])[0] == 404
    last = send(grove, "GET", "/changes", token=reply["token"])[1]["last"]
    made = grove.add_vm("made")
    grove.remove(made)
    changes = send(grove, "GET", f"/changes?after={last}", token=reply["token"])[1]
    assert changes == {"vms": [{"id": made, "made": True}, {"id": made, "made": False}], "last": last + 2}
    grove.forget_changes()
    assert send(grove, "GET", f"/changes?after={last + 2}", token=reply["token"])[0] == 400
    grove.expire_sessions()
    assert send(grove, "GET", "/vms", token=reply["token"])[0] == 401
    assert grove.requests()["GET /vms"] == before + 3
