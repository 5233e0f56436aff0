"""A vCenter of our own, and a provider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers.vcenter.vcenter import VCenter

import hvlib


@pytest.fixture
def server() -> Iterator[VCenter]:
    with VCenter(vms=12, updates=5) as running:
        yield running


@pytest.fixture
def provider(server: VCenter) -> Iterator[hvlib.Provider]:
    with hvlib.connect(server.url, password=server.password) as connected:
        yield connected
