"""The conformance suite for hvlib_sim, on a lab in memory."""

from __future__ import annotations

import pytest
from drivers.sim.site import SimSite

from hvlib.conformance import DriverConformance, Site


@pytest.fixture(scope="module")
def site() -> Site:
    return SimSite()


class TestSim(DriverConformance):
    pass
