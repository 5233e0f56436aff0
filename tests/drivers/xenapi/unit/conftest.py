"""What the tests of the driver without a server share."""

from __future__ import annotations

import pytest
from drivers.xapi_simulator.clients.datamodel import Datamodel, read_datamodel


@pytest.fixture(scope="session")
def datamodel() -> Datamodel:
    return read_datamodel()
