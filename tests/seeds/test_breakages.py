"""Tests of the suite: it must catch every driver that is broken in one way."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future

import pytest
from seeds.breakages import BREAKAGES
from seeds.catch import Catch
from seeds.collected_suite import BOUND

Catches = Mapping[str, Future[Catch]]

pytestmark = pytest.mark.timeout(3 * BOUND)


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_driver_is_caught(catches: Catches, breakage: str) -> None:
    catch = catches[breakage].result(2 * BOUND)
    assert catch.status == 1, catch.output
    assert {catch.test, f"{catch.test}{catch.case}"} & {*BREAKAGES[breakage].caught_by}, catch.output


@pytest.mark.parametrize("breakage", ["nothing"])
def test_a_driver_that_only_delegates_passes(catches: Catches, breakage: str) -> None:
    """The suite passes on a driver that only delegates, so the failures above come from the breakages."""
    catch = catches[breakage].result(2 * BOUND)
    assert (catch.status, catch.test) == (0, None), catch.output
