"""A simulated pool for tests of the driver itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers.xapi import Xapi

import hvlib


@pytest.fixture
def xapi() -> Iterator[Xapi]:
    with Xapi(vms=10, hosts=3, members=3) as server:
        yield server


@pytest.fixture
def provider(xapi: Xapi) -> Iterator[hvlib.Provider]:
    with hvlib.connect(xapi.url, password=xapi.password) as provider:
        yield provider


@pytest.fixture
def template(provider: hvlib.Provider) -> hvlib.Image:
    """A template that has a disk."""
    [image] = provider.image.images.get_by_name_label("Debian 12 with a disk")
    return image
