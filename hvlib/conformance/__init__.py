"""The test suite that certifies a driver: pytest classes that the driver's author subclasses.

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

from pkgutil import iter_modules

import pytest

# So that a failed assert shows its values in a driver's own test run too. pytest rewrites only modules that are not
# imported yet.
pytest.register_assert_rewrite(*(module.name for module in iter_modules(__path__, f"{__name__}.")))

from hvlib.conformance.site import Site  # noqa: E402
from hvlib.conformance.suite import DriverConformance  # noqa: E402
from hvlib.conformance.wire import CountingProxy, Wire  # noqa: E402

__all__ = ["CountingProxy", "DriverConformance", "Site", "Wire"]
