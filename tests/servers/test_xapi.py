"""Tests of how the simulated XAPI pool starts, ends and is administered. Its replies are tested elsewhere."""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from servers.observing import listens
from servers.xapi import Xapi


@pytest.fixture(scope="module")
def xapi() -> Iterator[Xapi]:
    with Xapi(vms=5, members=2) as server:
        yield server


def pool_of(server: Xapi) -> str:
    """Return the uuid of a server's pool."""
    session = call(server, "session.login_with_password", server.user, server.password)
    (pool,) = call(server, "pool.get_all_records", session).values()
    call(server, "session.logout", session)
    return str(pool["uuid"])


def call(server: Xapi, method: str, *parameters: str) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("POST", "/jsonrpc", body)
    reply = json.load(connection.getresponse())
    connection.close()
    return reply["result"]


def test_https() -> None:
    with Xapi(vms=1, tls=True) as server:
        url = urlsplit(server.url)
        assert (url.scheme, url.port) == ("xenapi", server.tls_port)
        context = ssl.create_default_context(cafile=server.environment["HVLIB_CACERT"])
        certificate = server.cacert.read_bytes()
        server.stop()
        server.start()
        assert server.cacert.read_bytes() == certificate
        connection = http.client.HTTPSConnection("127.0.0.1", server.tls_port, timeout=10, context=context)
        connection.request("POST", "/jsonrpc", b'{"id":1,"method":"system.listMethods","params":[]}')
        assert json.load(connection.getresponse())["error"] is None
        connection.close()


def test_listens_at_its_members_addresses_only(xapi: Xapi) -> None:
    assert xapi.addresses == ["127.0.0.1", "127.0.0.2"]
    assert all(listens(address, xapi.port) for address in xapi.addresses)
    # All of 127/8 is this machine: a server that listens everywhere answers there too.
    assert not listens("127.0.0.3", xapi.port)


def test_after_a_restart_it_is_the_same_server(xapi: Xapi) -> None:
    url, pool = xapi.url, pool_of(xapi)
    xapi.stop()
    assert not listens("127.0.0.1", xapi.port)
    xapi.start()
    assert (xapi.url, pool_of(xapi)) == (url, pool)


def test_members_stop_and_start(xapi: Xapi) -> None:
    xapi.stop_member("127.0.0.2")
    assert not listens("127.0.0.2", xapi.port)
    xapi.start_member("127.0.0.2")
    assert listens("127.0.0.2", xapi.port)


def test_the_administrator_has_counts(xapi: Xapi) -> None:
    before = xapi.calls().get("pool.get_all_records", 0)
    pool_of(xapi)
    assert xapi.calls()["pool.get_all_records"] == before + 1
    assert xapi.leftovers() == {"sessions": 0, "tasks": 0}
    assert xapi.call("pool.get_all")
    assert "pool.get_all" not in xapi.calls()
    with pytest.raises(ValueError, match="nothing is none of"):
        xapi.add_fault("nothing")


def test_the_simulator_alone_ends_when_its_input_closes(tmp_path: Path) -> None:
    project = Path(__file__).parents[2]
    command = [sys.executable, "-m", "hvlib_xapi_simulator", "--vms", "1", "--unix-socket", str(tmp_path / "xapi")]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(project / "drivers")},
    ) as process:
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        assert ready["addresses"] == "127.0.0.1"
        assert (tmp_path / "xapi").exists()
        assert process.stdin
        process.stdin.close()
        assert process.wait(10) == 0
    assert not (tmp_path / "xapi").exists()


def test_the_simulator_alone_ends_by_a_signal() -> None:
    project = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(project / "drivers")}
    with subprocess.Popen(
        [sys.executable, "-m", "hvlib_xapi_simulator", "--vms", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout
        process.stdout.readline()
        process.terminate()
        assert process.wait(10) == -signal.SIGTERM
