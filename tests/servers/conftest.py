"""The fixtures that the tests of the servers share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from servers.openstack_replay.replay import OpenStackReplay


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest) -> Iterator[OpenStackReplay]:
    """A replay with SERVERS servers, a constant of the test module."""
    with OpenStackReplay(servers=request.module.SERVERS) as server:
        yield server


@pytest.fixture
def replay(running: OpenStackReplay) -> Iterator[OpenStackReplay]:
    """The module's replay. After each test its clock skew and the life of its tokens are reset."""
    yield running
    running.set_skew(0)
    running.set_token_life(3600)
