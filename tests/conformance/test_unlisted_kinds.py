from __future__ import annotations

import pytest
from drivers.sim.unlisted import UnlistedSite

from hvlib.conformance.declaring import DeclaringConformance


def test_a_site_can_not_exempt_a_kind_that_the_driver_lists() -> None:
    site = UnlistedSite()
    with site.connect() as provider, pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        DeclaringConformance().test_a_kind_that_is_not_listed_says_so(site, provider)
