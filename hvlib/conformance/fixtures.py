"""The fixtures and helpers of the suite's tests."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import hvlib
from hvlib.api.collection import Collection
from hvlib.conformance.site import Site
from hvlib.conformance.wire import Wire
from hvlib.driver import Session
from hvlib.model.actions import Start, Stop
from hvlib.model.resources import KINDS, VM

__all__ = [
    "Administrator",
    "Conformance",
    "NewVM",
    "Overdue",
    "Wired",
    "bounded",
    "collections",
    "counted",
    "listable",
    "skip_unverified",
]

NewVM = Callable[[str], str]

INTERRUPT_AGAIN_SECONDS = 5.0
"""Seconds after which an overdue test is interrupted again: it may hang once more while it cleans up."""


class Overdue(BaseException):
    """A test still runs after its time. Not an Exception, so that neither hvlib nor hypothesis handles it."""


class Administrator:
    """The site's methods. A method that the site names in ``unverified`` skips the test, with the site's reason."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def __getattr__(self, name: str) -> Any:
        skip_unverified(self._site, name)
        return getattr(self._site, name)


class Wired:
    """A provider that is logged in, and the wire that it is connected through."""

    def __init__(self, provider: hvlib.Provider, wire: Wire) -> None:
        self.provider = provider
        self.vms = provider.compute.vms
        self.wire = wire


class Conformance:
    """The base of the suite's classes. A driver's author writes the fixture ``site``, of class or module scope."""

    @pytest.fixture(autouse=True)
    def in_time(self, site: Site) -> Iterator[None]:
        """Fail a test in which the driver hangs, and let the next one run."""
        with bounded(site.patience):
            yield

    @pytest.fixture
    def admin(self, site: Site) -> Administrator:
        """The site's administrator, who changes the server without hvlib."""
        return Administrator(site)

    @pytest.fixture
    def powering(self, provider: hvlib.Provider) -> None:
        """Skip the test for a driver that does not start and stop VMs."""
        if not {Start, Stop} <= provider.compute.vms.actions:
            pytest.skip("not verified: the driver does not declare that it starts and stops VMs")

    @pytest.fixture
    def provider(self, site: Site) -> Iterator[hvlib.Provider]:
        """A provider that only this test uses."""
        with site.connect() as provider:
            yield provider

    @pytest.fixture
    def wired(self, site: Site) -> Iterator[Wired]:
        """A provider that only this test uses, over a wire that counts round trips and cuts connections."""
        wire = site.wire()
        try:
            with site.connect(wire) as provider:
                list(provider.compute.vms.get_all(fields=[]))
                yield Wired(provider, wire)
        finally:
            wire.close()

    @pytest.fixture
    def new_vm(self, site: Site) -> Iterator[NewVM]:
        """A function that makes halted VMs. They are deleted after the test."""
        made: list[str] = []

        def make(name_label: str) -> str:
            made.append(site.create_vm(name_label))
            return made[-1]

        yield make
        existing = site.truth(VM)
        for id in made:
            if id in existing:
                site.delete_vm(id)


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raise `Overdue` in the block if it runs for more than so many seconds. For the main thread only."""

    def interrupt(*_: object) -> None:
        raise Overdue(f"the test still runs after {seconds:g} s")

    handler = signal.signal(signal.SIGALRM, interrupt)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, INTERRUPT_AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


@contextmanager
def counted(wire: Wire) -> Iterator[Callable[[], int]]:
    """A function that returns the number of turns since the beginning of the block."""
    before = wire.turns
    yield lambda: wire.turns - before


def collections(provider: hvlib.Provider) -> list[Collection[Any]]:
    """The collections of the kinds that the server has."""
    return [provider.collection(name) for name in KINDS if serves(provider, name)]


def serves(provider: hvlib.Provider, kind: str) -> bool:
    """Whether the server has a kind."""
    try:
        return bool(provider.collection(kind).fields)
    except hvlib.Unsupported:
        return False


def driver_session(provider: hvlib.Provider) -> Session:
    """The driver's own session, logged in, for calls that core would not pass on to it."""
    assert provider.about
    return provider._manager.session


def listable(site: Site, provider: hvlib.Provider) -> list[Collection[Any]]:
    """The collections that the server can list."""
    return [collection for collection in collections(provider) if collection.kind.kind not in site.unverified]


def skip_unverified(site: Site, *names: str) -> None:
    """Skip the test if the site can't verify one of these names."""
    for name in names:
        if name in site.unverified:
            pytest.skip(f"not verified here: {name}: {site.unverified[name]}")
