"""The conformance suite for hvlib_vsphere, on vcsim."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from drivers.vsphere.site import VSphereSite
from servers.vcsim import Vcsim

from hvlib.conformance import DriverConformance, Site


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Vcsim(vms=20, hosts=4, task_delay=20) as server:
        site = VSphereSite(server)
        yield site
        site.admin.close()


class TestVSphere(DriverConformance):
    pass
