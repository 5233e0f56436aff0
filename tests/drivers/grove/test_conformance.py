"""The conformance suite for a third party's driver, on its server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from drivers.grove.site import GroveSite
from servers.grove import Grove

from hvlib.conformance import DriverConformance, Site


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Grove() as server:
        yield GroveSite(server)


class TestGrove(DriverConformance):
    pass
