"""A simulated pool in this process, with a slave, and a client that is logged in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from drivers.xapi_simulator.clients.plain import Client
from hvlib_xapi_simulator import Settings, Simulator


@pytest.fixture
def settings() -> Settings:
    return Settings(vms=20, hosts=3, task_time=0.02, login_penalty=0.0, event_delay=0.01)


@pytest.fixture
def simulator(settings: Settings, tmp_path: Path) -> Iterator[Simulator]:
    with Simulator(settings, members=2, unix_socket=tmp_path / "xapi") as simulator:
        yield simulator


@pytest.fixture
def client(simulator: Simulator) -> Client:
    return Client(simulator).login()
