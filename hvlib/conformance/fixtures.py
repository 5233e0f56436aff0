"""What the suite's tests are given."""

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

AGAIN = 5.0
"""Seconds after which what is overdue is interrupted again: in its cleaning up it may hang once more."""


class Overdue(BaseException):
    """A test still runs. No Exception, so that neither hvlib nor hypothesis takes it for an outcome to go on from."""


class Administrator:
    """The site's methods. One that the site can't have skips the test, with the reason that the site gives."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def __getattr__(self, name: str) -> Any:
        skip_unverified(self._site, name)
        return getattr(self._site, name)


class Wired:
    """A provider, logged in, and the wire that it talks over."""

    def __init__(self, provider: hvlib.Provider, wire: Wire) -> None:
        self.provider = provider
        self.vms = provider.compute.vms
        self.wire = wire


class Conformance:
    """The base of the suite's classes. What an author brings is a fixture ``site``, of class or module scope."""

    @pytest.fixture(autouse=True)
    def in_time(self, site: Site) -> Iterator[None]:
        """A driver that hangs fails the test that it hangs in, and the next one runs."""
        with bounded(site.patience):
            yield

    @pytest.fixture
    def admin(self, site: Site) -> Administrator:
        """Who acts behind hvlib's back."""
        return Administrator(site)

    @pytest.fixture
    def powering(self, provider: hvlib.Provider) -> None:
        """Skip the test for a driver that does not start and stop VMs."""
        if not {Start, Stop} <= provider.compute.vms.actions:
            pytest.skip("not verified: the driver does not declare that it starts and stops VMs")

    @pytest.fixture
    def provider(self, site: Site) -> Iterator[hvlib.Provider]:
        """A provider of the test's own."""
        with site.connect() as provider:
            yield provider

    @pytest.fixture
    def wired(self, site: Site) -> Iterator[Wired]:
        """A provider of the test's own, over a wire that counts and cuts."""
        wire = site.wire()
        try:
            with site.connect(wire) as provider:
                list(provider.compute.vms.get_all(fields=[]))
                yield Wired(provider, wire)
        finally:
            wire.close()

    @pytest.fixture
    def new_vm(self, site: Site) -> Iterator[NewVM]:
        """Makes halted VMs; deletes them in the end."""
        made: list[str] = []

        def make(name_label: str) -> str:
            made.append(site.create_vm(name_label))
            return made[-1]

        yield make
        left = site.truth(VM)
        for id in made:
            if id in left:
                site.delete_vm(id)


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raise `Overdue` in the block, where it hangs, after so many seconds. Only in the main thread."""

    def interrupt(*_: object) -> None:
        raise Overdue(f"the test still runs after {seconds:g} s")

    handler = signal.signal(signal.SIGALRM, interrupt)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


@contextmanager
def counted(wire: Wire) -> Iterator[Callable[[], int]]:
    """A function that counts the turns made since the beginning of the block."""
    before = wire.turns
    yield lambda: wire.turns - before


def collections(provider: hvlib.Provider) -> list[Collection[Any]]:
    """The collections that the server has."""
    return [provider.collection(name) for name in KINDS if serves(provider, name)]


def serves(provider: hvlib.Provider, kind: str) -> bool:
    """Whether the server has a kind."""
    try:
        return bool(provider.collection(kind).fields)
    except hvlib.Unsupported:
        return False


def driver_session(provider: hvlib.Provider) -> Session:
    """The driver's own session, logged in: for what core would keep from it."""
    assert provider.about
    return provider._manager.session


def listable(site: Site, provider: hvlib.Provider) -> list[Collection[Any]]:
    """Those of them that the server can list."""
    return [collection for collection in collections(provider) if collection.kind.kind not in site.unverified]


def skip_unverified(site: Site, *names: str) -> None:
    """Skip the test if the site can't verify one of these."""
    for name in names:
        if name in site.unverified:
            pytest.skip(f"not verified here: {name}: {site.unverified[name]}")
