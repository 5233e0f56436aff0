"""The conformance suite for hvlib_vsphere, on our own vCenter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from drivers.vsphere.vcenter_site import VCenterSite
from servers.vcenter.vcenter import VCenter

from hvlib.conformance import DriverConformance, Site


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with VCenter() as server:
        site = VCenterSite(server)
        yield site
        site.admin.close()


class TestVCenter(DriverConformance):
    pass
