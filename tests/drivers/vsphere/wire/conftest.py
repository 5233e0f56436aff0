"""The driver without core, against vcsim. An administrator makes changes through the vendor's SDK."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from drivers.vsphere.wire.administrator import Administrator
from hvlib_vsphere.driver import VSphereDriver
from hvlib_vsphere.session import VSphereSession
from scripted.context import RecordingContext
from servers.vcsim import Vcsim

from hvlib.driver import Batch, Change, Endpoint, Feed, Secret, Session, Upsert
from hvlib.model.query import Query, make_query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource


@pytest.fixture(scope="module")
def server() -> Iterator[Vcsim]:
    with Vcsim(vms=20, hosts=4) as running:
        yield running


@pytest.fixture
def admin(server: Vcsim) -> Iterator[Administrator]:
    administrator = Administrator(server)
    yield administrator
    administrator.close()


@pytest.fixture
def machine(admin: Administrator) -> Iterator[Any]:
    """A VM for one test."""
    made = admin.clone(admin.halted(), "cloned")
    yield made
    admin.remove(made)


@pytest.fixture
def context() -> RecordingContext:
    return RecordingContext(20.0)


@pytest.fixture
def endpoint(server: Vcsim) -> Endpoint:
    return Endpoint(
        "vsphere",
        host="127.0.0.1",
        port=server.port,
        username=server.user,
        password=Secret(server.password),
        cacert=str(server.cacert),
    )


@pytest.fixture
def session(endpoint: Endpoint, context: RecordingContext) -> Iterator[VSphereSession]:
    opened = VSphereDriver().session(endpoint, context)
    opened.login()
    context.calls.clear()
    yield opened
    opened.close()


def query(session: Session, kind: type[Resource], **options: Any) -> Query[Any]:
    return make_query(kind, session.adapters[kind].fields, **options)


def first_page(session: Session, kind: type[Resource], **options: Any) -> Sequence[Any]:
    """The objects of a listing's first page."""
    return session.adapters[kind].open(query(session, kind, **options), None).fetch().items


def batches(feed: Feed, until: Callable[[Sequence[Batch]], bool], seconds: float = 10.0) -> list[Batch]:
    """The feed's batches, until ``until`` is true of them."""
    deadline = time.monotonic() + seconds
    received: list[Batch] = []
    while not until(received):
        assert time.monotonic() < deadline, received
        received.append(feed.next(1.0))
    return received


def changes(feed: Feed, wanted: Callable[[Change], bool]) -> Change:
    """The first change that is ``wanted``."""
    found: list[Change] = []

    def arrived(so_far: Any) -> bool:
        found.extend(change for batch in so_far[-1:] for change in batch.changes if wanted(change))
        return bool(found)

    batches(feed, arrived)
    return found[0]


def upsert_of(id: str, **fields: object) -> Callable[[Change], bool]:
    return lambda change: (
        isinstance(change, Upsert)
        and change.record.ref.id == id
        and all(getattr(change.record, name) == value for name, value in fields.items())
    )


def snapshot(feed: Feed) -> dict[Ref, Resource]:
    received = batches(feed, lambda so_far: any(batch.synced for batch in so_far))
    return {
        change.record.ref: change.record for batch in received for change in batch.changes if isinstance(change, Upsert)
    }


def waiting_in(server: Vcsim, feed: Feed) -> InThread:
    """A thread that waits in the feed. Its call has reached the server."""
    before = server.calls()["WaitForUpdatesEx"]
    waiting = InThread(lambda: feed.next(30.0))
    deadline = time.monotonic() + 10
    while server.calls()["WaitForUpdatesEx"] == before:
        assert time.monotonic() < deadline
    return waiting


class InThread:
    """A call that runs in a thread: what it returned or raised."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.outcome: Any = None
        self._call = call
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.outcome = self._call()
        except Exception as error:
            self.outcome = error

    def join(self, seconds: float) -> Any:
        self._thread.join(seconds)
        assert not self._thread.is_alive()
        return self.outcome
