"""hvlib_openstack, certified on a region of the real services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from drivers.openstack.site import CLOUDS, OpenStackSite
from servers.openstack.openstack import OpenStack

from hvlib.conformance import DriverConformance, Site

pytestmark = pytest.mark.timeout(300)  # the first test includes the region's start


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    clouds: Path = tmp_path_factory.mktemp("openstack") / "clouds.yaml"
    with OpenStack(servers=12) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv(CLOUDS, str(clouds))
        yield OpenStackSite(server, clouds)


class TestOpenStack(DriverConformance):
    pass
