"""The Grove server as tests use it. What its driver does is tested elsewhere."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from servers.grove import Grove

RUN = str(Path(__file__).parent / "run")
PRINT_ENVIRONMENT = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('HVLIB')})"


@pytest.fixture(scope="module")
def grove() -> Iterator[Grove]:
    with Grove(vms=8) as server:
        yield server


def listens(address: str, port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((address, port)) == 0


def ask(server: Grove, method: str, path: str, body: object = None, token: str = "") -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request(method, path, json.dumps(body), {"Authorization": f"Bearer {token}"})
    response = connection.getresponse()
    reply = json.load(response)
    connection.close()
    return response.status, reply


def test_run_exports_the_environment_and_ends_the_server() -> None:
    command = [RUN, "grove", "--vms", "3", "--", sys.executable, "-c", f"{PRINT_ENVIRONMENT}); raise SystemExit(3)"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 3
    environment = json.loads(done.stdout)
    assert set(environment) >= {"HVLIB_PROVIDER", "HVLIB_PASSWORD"}
    port = urlsplit(environment["HVLIB_PROVIDER"]).port
    assert port
    assert not listens("127.0.0.1", port)


def test_server_does_not_outlive_a_killed_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # what only run itself could have removed is left there
    script = f"{PRINT_ENVIRONMENT}, flush=True); input()"
    with subprocess.Popen(
        [RUN, "grove", "--", sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        environment = json.loads(process.stdout.readline())
        process.kill()
    port = urlsplit(environment["HVLIB_PROVIDER"]).port
    assert port
    deadline = time.monotonic() + 10
    while listens("127.0.0.1", port):
        assert time.monotonic() < deadline, "the server outlived run"
        time.sleep(0.01)
    shutil.rmtree(tmp_path)


def test_listens_on_loopback_only(grove: Grove) -> None:
    assert listens("127.0.0.1", grove.port)
    # All of 127/8 is this machine: a server that listens everywhere answers there too.
    assert not listens("127.0.0.2", grove.port)


def test_started_again_it_is_the_same_server(grove: Grove) -> None:
    url, vms = grove.url, grove.objects("vms")
    made = grove.add_vm("made")
    grove.stop()
    assert not listens("127.0.0.1", grove.port)
    grove.start()
    assert (grove.url, grove.objects("vms")) == (url, vms)
    again = grove.add_vm("made")
    assert again != made
    grove.remove(again)


def test_nothing_is_told_without_a_token(grove: Grove) -> None:
    before = grove.requests().get("GET /vms", 0)
    for path in ("/vms", "/about", "/nothing"):
        status, reply = ask(grove, "GET", path)
        assert (status, reply["error"]["code"]) == (401, "no_session")
    status, reply = ask(grove, "POST", "/sessions", {"user": grove.user, "password": "wrong"})
    assert (status, reply["error"]["code"]) == (401, "bad_credentials")
    status, reply = ask(grove, "POST", "/sessions", {"user": grove.user, "password": grove.password})
    assert status == 201
    assert grove.sessions() == 1
    assert ask(grove, "GET", "/vms?limit=2", token=reply["token"])[1]["total"] == 10
    assert ask(grove, "GET", "/nothing", token=reply["token"])[0] == 404
    grove.expire_sessions()
    assert ask(grove, "GET", "/vms", token=reply["token"])[0] == 401
    assert grove.requests()["GET /vms"] == before + 3
