"""ScriptedDriver: its VMs, its feeds and its errors are the ones that a test puts in."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from hvlib.actions import Cancel, Start
from hvlib.api.provider import Provider
from hvlib.driver import (
    About,
    Adapter,
    Batch,
    Context,
    Done,
    Driver,
    Endpoint,
    Feed,
    Listing,
    Page,
    PageToken,
    ServerPage,
    Session,
    Started,
    TokenListing,
    WatchCursor,
    action,
)
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Resource, TaskRecord
from hvlib.runtime.clock import Clock
from hvlib.runtime.retry import RetryPolicy
from hvlib.runtime.session_manager import SessionManager
from scripted.context import UUID

QUICK = RetryPolicy(max_retries=3, backoff=lambda attempt, error: 0.0, max_elapsed=5.0, max_outage=0.5)


class ScriptedSession(Session):
    """``script`` holds the next steps of each call: an exception is raised, a callable is called, None does nothing."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.clock = Clock()
        """The clock by which its feeds wait: the provider's clock."""
        self.script: dict[str, deque[Any]] = {}
        self.log: list[str] = []
        self.vms: dict[str, dict[str, Any]] = {}
        self.tasks: dict[str, dict[str, Any]] = {}
        self.feeds: deque[ScriptedFeed | Exception] = deque()
        self.opened: list[WatchCursor | None] = []
        self.tokens = True
        """Whether the server's page tokens are valid without the listing that they came from."""
        self.released: list[PageToken | None] = []
        self.closed = 0
        self.vms_adapter: Callable[[ScriptedSession], Adapter[VM]] = ScriptedVMs

    def plan(self, call: str, *steps: Any) -> None:
        self.script.setdefault(call, deque()).extend(steps)

    def happen(self, call: str) -> None:
        self.context.count_request(call)
        self.step(call)

    def step(self, call: str) -> None:
        self.log.append(call)
        steps = self.script.get(call)
        planned = steps.popleft() if steps else None
        if isinstance(planned, BaseException):
            raise planned
        if callable(planned):
            planned()

    @property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        return {VM: self.vms_adapter(self), TaskRecord: ScriptedTasks(self)}

    @property
    def native(self) -> Any:
        return self

    def login(self) -> None:
        self.happen("login")

    def about(self) -> About:
        return About("Script", "1", "1", UUID)

    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed:
        self.opened.append(since)
        self.happen("feed")
        feed = self.feeds.popleft()
        if isinstance(feed, Exception):
            raise feed
        feed.query, feed.clock = queries[0], self.clock
        return feed

    def close(self) -> None:
        self.closed += 1


class ScriptedVMs(Adapter[VM]):
    kind = VM
    fields = frozenset({"uuid", "name_label", "power_state", "vcpus", "host"})

    def __init__(self, session: ScriptedSession) -> None:
        self.session = session

    def record(self, id: str, query: Query[VM]) -> VM:
        values = {name: value for name, value in self.session.vms[id].items() if name in query.fields}
        return query.build(self.session.context.ref(VM, id), values)

    def open(self, query: Query[VM], after: PageToken | None) -> ScriptedListing:
        return ScriptedListing(self, query, after)

    def page(self, query: Query[VM], after: PageToken | None) -> Page[VM]:
        """One page: the VMs in the order of their ids."""
        self.session.happen("page")
        ids = sorted(id for id in self.session.vms if after is None or id > after)
        size = query.page_size or 2
        more = PageToken(ids[size - 1]) if len(ids) > size else None
        return Page([self.record(id, query) for id in ids[:size]], more, len(self.session.vms))

    def lookup(self, field: str, value: str, query: Query[VM]) -> Sequence[VM]:
        self.session.happen("lookup")
        return [self.record(id, query) for id, vm in self.session.vms.items() if vm[field].lower() == value.lower()]

    def get(self, refs: Sequence[Ref], query: Query[VM]) -> Sequence[VM]:
        self.session.happen("get")
        return [self.record(ref.id, query) for ref in refs if ref.id in self.session.vms]

    @action(Start)
    def start(self, ref: Ref, action: Start) -> Started | Done:
        self.session.happen("start")
        return Done()


class ScriptedTasks(Adapter[TaskRecord]):
    """The session's tasks. They can't be listed."""

    kind = TaskRecord
    fields = frozenset(TaskRecord.all_fields())

    def __init__(self, session: ScriptedSession) -> None:
        self.session = session

    def record(self, id: str, query: Query[TaskRecord]) -> TaskRecord:
        values = {name: value for name, value in self.session.tasks[id].items() if name in query.fields}
        return query.build(self.session.context.ref(TaskRecord, id), values)

    def open(self, query: Query[TaskRecord], after: PageToken | None) -> Listing[TaskRecord]:
        return TokenListing(lambda _: Page([]), after)

    def lookup(self, field: str, value: str, query: Query[TaskRecord]) -> Sequence[TaskRecord]:
        return []

    def get(self, refs: Sequence[Ref], query: Query[TaskRecord]) -> Sequence[TaskRecord]:
        self.session.happen("get")
        return [self.record(ref.id, query) for ref in refs if ref.id in self.session.tasks]

    @action(Cancel)
    def cancel(self, ref: Ref, action: Cancel) -> Done:
        self.session.happen(f"cancel {ref.id}")
        return Done()


class ScriptedListing(Listing[VM]):
    """The pages of the session's VMs. Its token is the last id of a page, if the session has ``tokens``."""

    def __init__(self, adapter: ScriptedVMs, query: Query[VM], after: PageToken | None) -> None:
        self._session = adapter.session
        self._pages = TokenListing(partial(adapter.page, query), after)
        if after is not None and not self._session.tokens:
            raise CursorLost("there are no tokens")

    def fetch(self) -> ServerPage[VM]:
        page = self._pages.fetch()
        self.token = self._pages.token if self._session.tokens else None
        return page

    def close(self) -> None:
        self._session.step("close")  # Not counted as a request: the server has no state to free for its tokens.
        self._session.released.append(self._pages.token)


class ScriptedFeed(Feed):
    """Takes its steps one by one (a batch, an exception, a callable that makes a batch), then waits for `interrupt`."""

    def __init__(self, *steps: Batch | Exception | Callable[[Query[Any]], Batch]) -> None:
        self.steps = deque(steps)
        self.query: Query[Any] | None = None
        self.clock = Clock()
        self.interrupted = threading.Event()
        self.waiting = threading.Event()
        self.closed = 0
        self.ended = threading.Event()

    def next(self, timeout: float) -> Batch:
        if self.steps:
            step = self.steps.popleft()
            if isinstance(step, Exception):
                raise step
            assert self.query is not None
            return step(self.query) if callable(step) else step
        self.waiting.set()
        self.clock.wait(self.interrupted, timeout)
        return Batch()

    def interrupt(self) -> None:
        self.interrupted.set()

    def close(self) -> None:
        self.closed += 1
        self.ended.set()


class ScriptedDriver(Driver):
    def open(self, endpoint: Endpoint, context: Context) -> ScriptedSession:
        return ScriptedSession(context)


def scripted(
    retry: RetryPolicy = QUICK, clock: Clock | None = None, **vms: dict[str, Any]
) -> tuple[Provider, ScriptedSession]:
    """Return a provider on a scripted session, and the session."""
    connection = SessionManager(ScriptedDriver(), Endpoint("scripted"), retry, clock)
    session = connection.session
    assert isinstance(session, ScriptedSession)
    session.clock = connection.clock
    for id, values in vms.items():
        session.vms[id] = {"uuid": f"uuid-{id}", "name_label": id, "power_state": "running", "vcpus": 1, **values}
    return Provider(connection, "script"), session
