"""Fixtures for the tests of the simulated lab: a clock, a context, and sessions that are closed at the end.

A test with a `site` runs twice: on a lab in memory, and on one in a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from hvlib_sim.connection import Connection
from hvlib_sim.driver import SimDriver
from hvlib_sim.lab.faults import Faults
from hvlib_sim.lab.file_store import FileStore
from hvlib_sim.lab.lab import Lab
from hvlib_sim.lab.lab_creation import create_lab
from hvlib_sim.lab.memory_store import MemoryStore
from hvlib_sim.lab.settings import Settings
from hvlib_sim.lab.store import LOG_LENGTH, Store
from hvlib_sim.session import LabSession
from scripted.context import RecordingContext

from hvlib import errors
from hvlib.actions import Action
from hvlib.api.address import parse_endpoint
from hvlib.driver import Done, Listing, Outcome, ServerPage, Session, Started
from hvlib.model.errors import HvlibError
from hvlib.model.query import Query, make_query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource, TaskRecord
from hvlib.model.task import Failure

T = TypeVar("T")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Caller(RecordingContext):
    """A minimal core for a session: its context, which also makes queries and calls the adapters."""

    def __init__(self) -> None:
        super().__init__(30.0)
        self.session: Any = None

    def ref(self, kind: type[Resource], id: str) -> Ref:
        return Ref(self.session.about().uuid, kind.kind, id)

    def query(self, kind: type[Resource], **options: Any) -> Query[Any]:
        filters = options.pop("filters", None)
        return make_query(kind, self.session.adapters[kind].fields, filters=filters, **options)

    def open(self, kind: type[Resource], after: Any = None, **options: Any) -> Listing[Any]:
        opened: Listing[Any] = self.session.adapters[kind].open(self.query(kind, **options), after)
        return opened

    def pages(self, kind: type[Resource], **options: Any) -> Iterator[ServerPage[Any]]:
        listing, last = self.open(kind, **options), False
        while not last:
            page = listing.fetch()
            last = page.last
            yield page

    def all(self, kind: type[Resource], **options: Any) -> list[Any]:
        return [item for page in self.pages(kind, **options) for item in page.items]

    def get(self, ref: Ref, kind: type[Resource]) -> Any:
        records = self.session.adapters[kind].get([ref], self.query(kind))
        return records[0] if records else None

    def submit(self, kind: type[Resource], ref: Ref | None, action: Action) -> Started | Done:
        outcome: Started | Done = self.session.adapters[kind].submit(ref, action)
        return outcome

    def feed(self, kinds: Sequence[type[Resource]], since: Any = None, **options: Any) -> Any:
        return self.session.feed([self.query(kind, **options) for kind in kinds], since)


class Ended(NamedTuple):
    """How an action of several steps ended."""

    state: str
    result: Ref | None
    error: Failure | None


class StandingSteps:
    """`hvlib.driver.Steps` on a lab whose clock a test sets."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def read(self, call: Callable[[], T]) -> T:
        return call()

    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        ended = self._site.end(call())
        failure = None if isinstance(ended, Done) else ended.error
        if failure is not None:
            raise getattr(errors, failure.error)(failure.message)
        return ended.result


class Site:
    """A lab whose clock a test sets, and a caller that is logged in."""

    def __init__(self, connect: Callable[..., Caller], store: Store) -> None:
        self.clock = Clock()
        self.lab = Lab(store, clock=self.clock)
        self.caller = connect(self.lab)

    def sleep(self, seconds: float) -> None:
        self.clock.now += seconds
        self.lab.advance()

    def do(self, kind: type[Resource], ref: Ref | None, action: Action) -> TaskRecord | Done | Ended:
        """Submit an action, and run it to its end."""
        adapter = self.caller.session.adapters[kind]
        if not adapter.performers[type(action)].steps:
            return self.end(self.caller.submit(kind, ref, action))
        try:
            return Ended("succeeded", adapter.take_steps(ref, action, StandingSteps(self)), None)
        except HvlibError as error:
            return Ended("failed", None, Failure(type(error).__name__, str(error)))

    def end(self, outcome: Outcome) -> TaskRecord | Done:
        """Run the task of an outcome to its end."""
        if isinstance(outcome, Done):
            return outcome
        assert isinstance(outcome, Started)
        self.sleep(10 * self.lab.settings.task_time)
        task: TaskRecord = self.caller.get(outcome.task, TaskRecord)
        return task


@pytest.fixture
def connect() -> Iterator[Callable[..., Caller]]:
    """Opens a session with a lab or a URL, and logs in."""
    callers: list[Caller] = []

    def connect(target: Lab | str, *, fail: str = "", latency: float = 0.0, login: bool = True, **given: Any) -> Caller:
        caller = Caller()
        if isinstance(target, Lab):
            caller.session = LabSession(caller, Connection(lambda: target, caller, latency, Faults(fail)), None)
        else:
            caller.session = SimDriver().open(parse_endpoint(target, **given), caller)
        callers.append(caller)
        if login:
            caller.session.login()
        return caller

    yield connect
    for caller in callers:
        session: Session = caller.session
        session.close()


@pytest.fixture(params=["memory", "file"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """Makes a lab's store with given settings: in memory, and in a file."""
    if request.param == "memory":
        yield lambda log_length=LOG_LENGTH, **given: MemoryStore(Settings(**given), log_length=log_length)
        return
    names, stores = count(), []

    def make(log_length: int = LOG_LENGTH, **given: Any) -> Store:
        path = tmp_path / f"lab-{next(names)}.db"
        create_lab(path, Settings(**given))
        stores.append(FileStore(path, log_length=log_length))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def make_site(make_store: Callable[..., Store], connect: Callable[..., Caller]) -> Callable[..., Site]:
    """Makes a lab with a clock of its own."""
    return lambda **given: Site(connect, make_store(**given))


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """A lab with default settings and a clock of its own."""
    return make_site()
