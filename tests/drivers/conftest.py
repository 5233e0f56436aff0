"""The same tests on every driver: each brings a site, with an administrator who acts behind hvlib's back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from uuid import uuid4

import pytest
from hvlib_sim.lab import Lab
from servers.vcsim import Vcsim

import hvlib


class Site(ABC):
    """A server with 20 VMs on 4 hosts, at least two of which share a name, and what its administrator can do."""

    @abstractmethod
    def connect(self, **options: object) -> hvlib.Provider:
        """A provider of its own."""

    @abstractmethod
    def expire_sessions(self) -> None:
        """End every session."""

    @abstractmethod
    def sessions(self) -> int:
        """How many sessions are logged in."""

    @abstractmethod
    def close(self) -> None:
        """End the server."""


class SimSite(Site):
    def __init__(self) -> None:
        self.lab = Lab.named(f"site-{uuid4().hex}", vms=20, hosts=4, task_time=0.01)

    def connect(self, **options: object) -> hvlib.Provider:
        return hvlib.connect(f"sim://{self.lab.name}", **options)  # type: ignore[arg-type]

    def expire_sessions(self) -> None:
        self.lab.expire_sessions()

    def sessions(self) -> int:
        return self.lab.open_sessions

    def close(self) -> None:
        self.lab.expire_sessions()


class VcsimSite(Site):
    def __init__(self) -> None:
        self.server = Vcsim(vms=20, hosts=4)
        self.server.start()

    def connect(self, **options: object) -> hvlib.Provider:
        settings = {"password": self.server.password, "cacert": str(self.server.cacert), **options}
        return hvlib.connect(self.server.url, **settings)  # type: ignore[arg-type]

    def expire_sessions(self) -> None:
        with self.connect() as admin:
            manager = admin.native.content.sessionManager
            own = manager.currentSession.key
            manager.TerminateSession([session.key for session in manager.sessionList if session.key != own])

    def sessions(self) -> int:
        return self.server.leftovers()["sessions"]

    def close(self) -> None:
        self.server.close()


@pytest.fixture(scope="module", params=[SimSite, VcsimSite], ids=["sim", "vsphere"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    site: Site = request.param()
    yield site
    site.close()


@pytest.fixture
def provider(site: Site) -> Iterator[hvlib.Provider]:
    with site.connect() as provider:
        yield provider


@pytest.fixture
def admin(site: Site) -> Iterator[hvlib.Provider]:
    """A second login, to change things behind the first one's back."""
    with site.connect() as admin:
        yield admin
