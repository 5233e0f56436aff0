"""A simulated pool that is served from this process, with a slave, and a client that is logged in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from drivers.xapi_simulator.clients.wire import WireClient
from hvlib_xapi_simulator import Settings, Simulator


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    settings = Settings(vms=20, hosts=3, task_time=0.02, login_penalty=0.0, event_delay=0.01)
    with Simulator(settings, members=2, unix_socket=tmp_path / "xapi") as simulator:
        yield simulator


@pytest.fixture
def client(simulator: Simulator) -> WireClient:
    return WireClient(simulator).login()
