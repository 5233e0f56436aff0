"""Fixtures for tests of Grove's driver that are not in the conformance suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers.grove import Grove

import hvlib


@pytest.fixture(scope="module")
def server() -> Iterator[Grove]:
    with Grove(vms=20, hosts=4, task_time=0.02) as running:
        yield running


@pytest.fixture
def provider(server: Grove) -> Iterator[hvlib.Provider]:
    with hvlib.connect(server.url, password=server.password, poll_interval=0.05) as provider:
        yield provider
