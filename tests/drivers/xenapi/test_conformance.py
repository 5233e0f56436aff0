"""The conformance tests for hvlib_xenapi, on a simulated pool."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from drivers.xenapi.site import XenAPISite
from servers.xapi import Xapi

from hvlib.conformance import DriverConformance, Site


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    # Over TLS, so that certificates are verified too.
    with Xapi(vms=20, hosts=4, tls=True) as server:
        yield XenAPISite(server)


class TestXenAPI(DriverConformance):
    pass
