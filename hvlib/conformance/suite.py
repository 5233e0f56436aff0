"""DriverConformance: the whole suite in one class."""

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
    """Tests all that hvlib promises of every driver. Subclass it, and write a fixture ``site``.

    pytest runs the tests of the last base class first: so basic tests fail before the tests that rely on them.
    """

    def test_unverified_names_exist_and_are_printed(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        """Every name in the site's ``unverified`` exists. The names and reasons are printed."""
        kinds = KINDS.values()
        fields = {f"{kind.kind}.{name}" for kind in kinds for name in kind.all_fields()}
        actions = {f"{kind.kind}.{action.name}" for kind in kinds for action in all_actions()}
        unknown = site.unverified.keys() - {*vars(Site), *PROMISES, *KINDS, *fields, *actions}
        assert not unknown, f"`unverified` names nothing that exists: {sorted(unknown)}"
        with capsys.disabled():
            for name, reason in site.unverified.items():
                print(f"\n{type(self).__name__}: not verified: {name}: {reason}", end="")
