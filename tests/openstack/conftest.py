"""A region of the real services, for all tests here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from servers.openstack.openstack import OpenStack

import hvlib

Connect = Callable[..., hvlib.Provider]


@pytest.fixture(scope="session")
def region() -> Iterator[OpenStack]:
    with OpenStack(servers=20) as server:
        yield server


@pytest.fixture
def connect(region: OpenStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Makes providers of a cloud, ``admin`` or ``member``, and closes them."""
    for name, value in region.environment.items():
        monkeypatch.setenv(name, value)
    made: list[hvlib.Provider] = []

    def connect(cloud: str = "admin", **options: Any) -> hvlib.Provider:
        made.append(hvlib.connect(f"openstack://{cloud}", **options))
        return made[-1]

    yield connect
    for provider in made:
        provider.close()


@pytest.fixture
def provider(connect: Connect) -> hvlib.Provider:
    """An administrator's."""
    return connect(poll_interval=0.2, sweep_interval=1.0)
