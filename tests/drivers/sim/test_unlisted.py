"""The conformance suite on a server that can't list one of its kinds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from drivers.sim.unlisted import UnlistedSite, unlisted

from hvlib.api import registry
from hvlib.conformance import Site
from hvlib.conformance.declaring import DeclaringConformance
from hvlib.conformance.listing import ListingConformance
from hvlib.conformance.naming import NamingConformance
from hvlib.conformance.operating import OperatingConformance
from hvlib.conformance.watching import WatchingConformance


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    load = registry.load
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "load", lambda name: unlisted(load(name)))
        yield UnlistedSite()


class TestUnlisted(
    OperatingConformance, WatchingConformance, NamingConformance, DeclaringConformance, ListingConformance
):
    pass
