"""A simulated pool without servers, with a slave, and a client that is logged in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from drivers.xapi_simulator.clients.held import Held
from drivers.xapi_simulator.clients.plain import Client
from hvlib_xapi_simulator import Settings, Simulator


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    settings = Settings(vms=20, hosts=3, task_time=0.004, login_penalty=0.0, event_delay=0.002)
    simulator = Simulator(settings, members=2)
    yield simulator
    simulator.close()


@pytest.fixture
def client(simulator: Simulator) -> Client:
    return Client(simulator).login()


@pytest.fixture
def held(simulator: Simulator) -> Iterator[Held]:
    held = Held(simulator)
    yield held
    held.release()
