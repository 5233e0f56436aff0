"""`hv` logs out its session, however it ends. The conformance suite tests this for other processes."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from drivers.ended_hv import check_ends_quietly
from servers.vcsim import Vcsim


@pytest.fixture(scope="module")
def server() -> Iterator[Vcsim]:
    with Vcsim(vms=8, hosts=2) as server:
        yield server


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_nothing_is_left_of_hv(server: Vcsim, number: signal.Signals) -> None:
    check_ends_quietly(server.environment, number)
    assert server.leftovers() == {"sessions": 0, "views": 0, "collectors": 0, "filters": 0}
