"""Tests of how each server that is one process starts and ends, with `run` and without."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from servers.grove import Grove
from servers.observing import environment_of_run, listens, run_until_killed
from servers.openstack_replay.replay import OpenStackReplay
from servers.process_server import ProcessServer
from servers.vcsim import Vcsim
from servers.xapi import Xapi

END_TIMEOUT = 10.0


@dataclass(frozen=True)
class Case:
    """A server: the arguments with which `run` starts it, the variable with its address, and its other variables."""

    arguments: str
    make: Callable[[], ProcessServer]
    variable: str = "HVLIB_PROVIDER"
    others: frozenset[str] = frozenset({"HVLIB_PASSWORD"})
    address: str = "127.0.0.1"

    def port(self, environment: dict[str, str]) -> int:
        assert environment.keys() >= {"HVLIB_PROVIDER", *self.others}
        url = urlsplit(environment[self.variable])
        assert url.hostname == self.address
        assert url.port
        return url.port


CASES = (
    Case("grove --vms 3", lambda: Grove(vms=3)),
    Case(
        "openstack-replay --servers 3",
        lambda: OpenStackReplay(servers=3),
        "OS_AUTH_URL",
        frozenset({"OS_USERNAME", "OS_PASSWORD", "OS_PROJECT_NAME", "OS_REGION_NAME"}),
    ),
    Case("vcsim --vms 3", lambda: Vcsim(vms=3), others=frozenset({"HVLIB_PASSWORD", "HVLIB_CACERT"})),
    Case("xapi --vms 3 --hosts 2", lambda: Xapi(vms=3, hosts=2)),
    Case("xapi --vms 3 --hosts 2 --slave", lambda: Xapi(vms=3, hosts=2, slave=True), address="127.0.0.2"),
)


@pytest.fixture(params=CASES, ids=lambda case: case.arguments)
def case(request: pytest.FixtureRequest) -> Case:
    assert isinstance(request.param, Case)
    return request.param


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the processes that a test starts put their temporary files."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_run_exports_the_environment_and_ends_the_server(case: Case, temporary: Path) -> None:
    port = case.port(environment_of_run(*case.arguments.split()))
    assert not listens(case.address, port)
    assert list(temporary.iterdir()) == []


def test_server_does_not_outlive_a_killed_run(case: Case, temporary: Path) -> None:
    with run_until_killed(*case.arguments.split()) as (environment, _):
        port = case.port(environment)
        assert listens(case.address, port)
    deadline = time.monotonic() + END_TIMEOUT
    while listens(case.address, port):
        assert time.monotonic() < deadline, "the server outlived run"
        time.sleep(0.01)
    shutil.rmtree(temporary)  # only run itself could have removed its files


def test_listens_on_loopback_only_and_at_the_same_port_again(case: Case) -> None:
    with case.make() as server:
        url, port = server.url, server.port
        assert listens(case.address, port)
        # All of 127/8 is this machine: a server that listens everywhere answers there too.
        assert not listens("127.0.0.3", port)
        server.stop()
        assert not listens(case.address, port)
        server.start()
        assert (server.url, server.port) == (url, port)
        assert listens(case.address, port)
