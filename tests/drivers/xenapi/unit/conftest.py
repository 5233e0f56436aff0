"""Fixtures of the driver's tests that need no server."""

from __future__ import annotations

import pytest
from drivers.xapi_simulator.clients.datamodel import Datamodel, read_datamodel


@pytest.fixture(scope="session")
def datamodel() -> Datamodel:
    return read_datamodel()
