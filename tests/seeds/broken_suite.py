"""The suite, on a driver with the breakage that HVLIB_BREAKAGE names. `collected_suite` runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from drivers.sim.site import SimSite
from seeds.breakages import broken

from hvlib.api import registry
from hvlib.conformance import DriverConformance, Site


class SeededSite(SimSite):
    patience = 30.0


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    load = registry.load
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "load", lambda name: broken(load(name), os.environ["HVLIB_BREAKAGE"]))
        yield SeededSite()


class TestBroken(DriverConformance):
    pass
