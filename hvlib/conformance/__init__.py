"""The suite that certifies a driver: pytest classes that its author subclasses.

::

    @pytest.fixture(scope="module")
    def site():
        with AcmeServer() as server:
            yield AcmeSite(server)


    class TestAcme(hvlib.conformance.DriverConformance):
        pass

A `Site` is a test server with its administrator. The suite needs pytest and hypothesis.
"""

from __future__ import annotations

import pytest

# What the tests assert is shown in full in a driver's own run, too. Before they are imported.
pytest.register_assert_rewrite(
    *(
        f"hvlib.conformance.{module}"
        for module in (
            "acting",
            "action_checks",
            "attachment_checks",
            "creation_checks",
            "declaring",
            "following",
            "listing",
            "mirroring",
            "naming",
            "operating",
            "replica",
            "resuming",
            "sessions",
            "vm_checks",
            "vm_power_checks",
            "watching",
        )
    )
)

from hvlib.conformance.site import Site  # noqa: E402
from hvlib.conformance.suite import DriverConformance  # noqa: E402
from hvlib.conformance.wire import CountingProxy, Wire  # noqa: E402

__all__ = ["CountingProxy", "DriverConformance", "Site", "Wire"]
