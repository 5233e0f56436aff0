"""What the tests of the servers share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from servers.openstack_replay.replay import OpenStackReplay


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest) -> Iterator[OpenStackReplay]:
    """A replay with as many servers as the module says in SERVERS."""
    with OpenStackReplay(servers=request.module.SERVERS) as server:
        yield server


@pytest.fixture
def replay(running: OpenStackReplay) -> Iterator[OpenStackReplay]:
    """The module's replay, whose clock is right when a test begins."""
    yield running
    running.set_skew(0)
    running.set_token_life(3600)
