"""DriverConformance: all of it."""

from __future__ import annotations

import pytest

from hvlib.conformance.declaring import DeclaringConformance
from hvlib.conformance.listing import ListingConformance
from hvlib.conformance.mirroring import MirroringConformance
from hvlib.conformance.naming import NamingConformance
from hvlib.conformance.operating import OperatingConformance, all_actions
from hvlib.conformance.paging import PagingConformance
from hvlib.conformance.resuming import ResumingConformance
from hvlib.conformance.sessions import SessionsConformance
from hvlib.conformance.site import PROMISES, Site
from hvlib.conformance.stepping import SteppingConformance
from hvlib.conformance.watching import WatchingConformance
from hvlib.model.resources import KINDS

__all__ = ["DriverConformance"]


class DriverConformance(
    SessionsConformance,
    MirroringConformance,
    SteppingConformance,
    OperatingConformance,
    ResumingConformance,
    WatchingConformance,
    NamingConformance,
    DeclaringConformance,
    PagingConformance,
    ListingConformance,
):
    """What hvlib promises of every driver. Subclass it, and bring a fixture ``site``.

    pytest runs the tests of the last base first: so what is simple fails before what stands on it.
    """

    def test_what_is_not_verified_is_said(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        """The site's ``unverified`` names nothing that there is not; it is printed."""
        kinds = KINDS.values()
        fields = {f"{kind.kind}.{name}" for kind in kinds for name in kind.all_fields()}
        taken = {f"{kind.kind}.{action.name}" for kind in kinds for action in all_actions()}
        assert site.unverified.keys() <= {*vars(Site), *PROMISES, *KINDS, *fields, *taken}
        with capsys.disabled():
            for name, reason in site.unverified.items():
                print(f"\n{type(self).__name__}: not verified: {name}: {reason}", end="")
