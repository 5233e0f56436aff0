"""The vcsim server as tests use it. What hvlib does with a vCenter is tested elsewhere."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from servers.vcsim import Vcsim

RUN = str(Path(__file__).parent / "run")
PRINT_ENVIRONMENT = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('HVLIB')}))"


@pytest.fixture(scope="module")
def vcsim() -> Iterator[Vcsim]:
    with Vcsim(vms=8) as server:
        yield server


def listens(address: str, port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((address, port)) == 0


def run(*command: str) -> tuple[int, dict[str, str]]:
    """The status of `run`, and the environment that the command printed."""
    done = subprocess.run(
        [RUN, "vcsim", "--vms", "8", "--", *command], stdout=subprocess.PIPE, text=True, timeout=60, check=False
    )
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("status", [0, 3])
def test_run_exports_the_environment_and_ends_the_server(status: int) -> None:
    returned, environment = run(sys.executable, "-c", f"{PRINT_ENVIRONMENT}; raise SystemExit({status})")
    assert returned == status
    assert set(environment) >= {"HVLIB_PROVIDER", "HVLIB_PASSWORD", "HVLIB_CACERT"}
    port = urlsplit(environment["HVLIB_PROVIDER"]).port
    assert port
    assert not listens("127.0.0.1", port)
    assert not Path(environment["HVLIB_CACERT"]).parent.exists()


def test_server_does_not_outlive_a_killed_run() -> None:
    script = f"{PRINT_ENVIRONMENT.replace('))', '), flush=True)')}; input()"
    command = [RUN, "vcsim", "--vms", "8", "--", sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        environment = json.loads(process.stdout.readline())
        process.kill()
    port = urlsplit(environment["HVLIB_PROVIDER"]).port
    assert port
    deadline = time.monotonic() + 10
    while listens("127.0.0.1", port):
        assert time.monotonic() < deadline, "the server outlived run"
        time.sleep(0.01)
    shutil.rmtree(Path(environment["HVLIB_CACERT"]).parent)  # what only run itself could have removed


def test_listens_on_loopback_only(vcsim: Vcsim) -> None:
    assert listens("127.0.0.1", vcsim.port)
    # All of 127/8 is this machine: a server that listens everywhere answers there too.
    assert not listens("127.0.0.2", vcsim.port)


def test_certificate_is_strictly_valid_for_both_names(vcsim: Vcsim) -> None:
    context = ssl.create_default_context(cafile=str(vcsim.cacert))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in ("127.0.0.1", "localhost"):
        with (
            socket.create_connection(("127.0.0.1", vcsim.port)) as connection,
            context.wrap_socket(connection, server_hostname=name) as secure,
        ):
            assert secure.version() == "TLSv1.3"


def test_nothing_is_left_over_where_nothing_was_done(vcsim: Vcsim) -> None:
    assert vcsim.calls() == {}
    assert vcsim.leftovers() == {"sessions": 0, "views": 0, "collectors": 0, "filters": 0}


def test_started_again_it_is_the_same_server() -> None:
    with Vcsim(vms=8) as server:
        url, certificate = server.url, server.cacert.read_text()
        server.stop()
        assert not listens("127.0.0.1", server.port)
        server.start()
        assert (server.url, server.cacert.read_text()) == (url, certificate)
