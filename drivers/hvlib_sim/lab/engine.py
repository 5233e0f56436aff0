"""The engine: carries out a lab's operations over time.

No thread drives the engine. Each call to the lab runs `advance` first, which runs the events that are due, in the order
of their times. So a lab does no work between calls, and its users can't see the difference.

An operation stays queued while another operation on the same object is in progress. The engine keeps its whole state in
the store's agenda, with events and operations by name, so the engine of another process can continue from it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import msgspec
from msgspec.structs import replace

from hvlib.model.actions import Action
from hvlib.model.errors import Conflict, HvlibError, InvalidQuery, InvalidState, NotFound, TaskFailed
from hvlib.model.task import ENDED, Failure
from hvlib_sim.lab.agenda import Due, Job
from hvlib_sim.lab.objects import KINDS, Link, Object, Task
from hvlib_sim.lab.store import Store

__all__ = ["Engine", "Operation", "event", "operation"]

O = TypeVar("O", bound=Object)  # noqa: E741 -- an Object

STEPS = 5
"""The number of steps in which a task reports its progress."""

KEPT_SECONDS = 600.0
"""Seconds after its end at which a task is removed."""

MAX_LOGGED = 1000
"""How many operations are logged."""

REFUSALS = (Conflict, InvalidQuery, InvalidState, NotFound, TaskFailed)
"""The errors that a task may fail with. Any other error comes from the store, and the event has changed nothing."""


class Operation(msgspec.Struct, frozen=True):
    """An operation on an object.

    | name: its name in tasks
    | apply: carries it out, given the engine, the object (None: it makes one) and the action; returns the task's
      result. It raises a refusal before it changes anything
    | states: the power states of a VM that allow it; empty: all
    """

    name: str
    apply: Callable[[Engine, Any, Any], Link | None]
    states: tuple[str, ...] = ()

    def check(self, target: Object | None) -> None:
        """Raise `InvalidState` if the target's power state does not allow the operation."""
        state = getattr(target, "power_state", None)
        if target is not None and self.states and state not in self.states:
            raise InvalidState(f"{target.name} is {state}: {self.name} needs it {' or '.join(self.states)}")


Event = Callable[["Engine", str, str], None]
"""A function that the engine calls when its event is due, given the engine, the id of an object, and a detail."""

OPERATIONS: dict[str, Operation] = {}
EVENTS: dict[str, Event] = {}


def operation(*states: str) -> Callable[[Callable[[Engine, Any, Any], Link | None]], Operation]:
    """The decorator that makes a function an `Operation`, which is allowed in these power states."""

    def make(apply: Callable[[Engine, Any, Any], Link | None]) -> Operation:
        name = apply.__name__.replace("_", "-")
        made = OPERATIONS[name] = Operation(name, apply, states)
        return made

    return make


def event(happen: Event) -> Event:
    """The decorator that registers a function as an event for `Engine.after`."""
    EVENTS[happen.__name__] = happen
    return happen


class Engine:
    """Carries out operations on a store's objects, at once or as tasks. ``clock`` gives the time in seconds."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self.store = store
        self.clock = clock
        self.task_time = store.settings.task_time
        self.performed: Counter[str] = Counter()
        """How often each operation was requested, by name."""
        self.log: deque[tuple[str, str | None, Action]] = deque(maxlen=MAX_LOGGED)
        """The latest operations that were carried out: each with its name, its target's id and its action."""
        self.logged = 0
        """How many operations were logged so far."""
        self.guest_requests: dict[str, Counter[str]] = {}
        """How often the guest of each VM was asked for a ``shutdown`` or a ``reboot``, by the VM's id."""
        self._now = clock()
        self._began = datetime.now(UTC) - timedelta(seconds=self._now)

    @property
    def now(self) -> datetime:
        """The lab's time."""
        return self._began + timedelta(seconds=self._now)

    def new_identity(self, kind: type[Object]) -> dict[str, Any]:
        """Id, uuid and creation time for a new object."""
        return {"id": self.store.new_id(kind), "uuid": str(uuid4()), "created_at": self.now}

    def is_due(self) -> bool:
        """Whether an event is due now."""
        return self.idle_for() == 0

    def idle_for(self) -> float | None:
        """Seconds until the next event is due; None if there are no events."""
        at = self.store.agenda.next_at()
        return None if at is None else max(at - self.clock(), 0.0)

    def advance(self) -> None:
        """Run all events that are due."""
        now = self.clock()
        while due := self.store.agenda.take(now):
            self._now = due.at
            EVENTS[due.event](self, due.id, due.detail)
        self._now = now

    def after(self, seconds: float, happen: Event, id: str, detail: str = "") -> None:
        """Schedule an `event` of an object."""
        self.store.agenda.schedule(Due(self._now + seconds, happen.__name__, id, detail))

    def ask_guest(self, vm: str, request: str) -> None:
        """Count a request to a VM's guest."""
        self.guest_requests.setdefault(vm, Counter())[request] += 1

    def perform(self, operation: Operation, target: Object | None, action: Action) -> Link | None:
        """Carry out an operation at once. Raises its refusals."""
        self.performed[operation.name] += 1
        return self.apply(operation, target, action)

    def begin(self, operation: Operation, target: Object | None, action: Action) -> str:
        """Carry out an operation as a task. Returns the task's id."""
        self.performed[operation.name] += 1
        name = f"{operation.name} {target.name}" if target else operation.name
        link = Link(type(target).__name__, target.id) if target else None
        task = Task(name=name, operation=operation.name, target=link, **self.new_identity(Task))
        is_first = target is None or not self.store.agenda.queue(target.id)
        self.store.put(task)
        self.store.agenda.add_job(task.id, Job(operation.name, link, action))
        if is_first:
            self.after(0.0, start_task, task.id)
        return task.id

    def end(self, task: Task) -> None:
        """Store a task that has ended, and start the next task of its queue."""
        agenda = self.store.agenda
        job = agenda.find_job(task.id)
        assert job is not None, "a task ends once"
        target = job.target.id if job.target else ""
        was_first = list(agenda.queue(target))[:1] == [task.id]
        self.store.put(task)
        agenda.remove_job(task.id)
        self.after(KEPT_SECONDS, forget_task, task.id)
        waiting = agenda.queue(target)
        if was_first and waiting:
            self.after(0.0, start_task, waiting[0])

    def cancel(self, task: Task) -> None:
        """End a task without carrying it out. Raises `InvalidState` if it has ended."""
        if task.state in ENDED:
            raise InvalidState(f"{task.name}: the task has ended: {task.state}")
        self.end(replace(task, state="cancelled"))

    def apply(self, operation: Operation, target: Object | None, action: Action) -> Link | None:
        """Carry out an operation now, and log it. Raises its refusals."""
        operation.check(target)
        result = operation.apply(self, target, action)
        self.log.append((operation.name, None if target is None else target.id, action))
        self.logged += 1
        return result

    def unlog(self, logged: int) -> None:
        """Remove the operations from the log that came after so many: the store has taken them back."""
        while self.logged > logged and self.log:
            self.log.pop()
            self.logged -= 1

    def target(self, job: Job) -> Object | None:
        """A job's target as it is now. Raises `NotFound` if it is gone."""
        return None if job.target is None else self.store.get(KINDS[job.target.kind], job.target.id)


@event
def start_task(engine: Engine, id: str, _: str) -> None:
    """Start the first task of a queue. It fails if the object's power state does not allow the operation."""
    job, task = engine.store.agenda.find_job(id), engine.store.find(Task, id)
    if job is None or task is None:
        return
    try:
        OPERATIONS[job.operation].check(engine.target(job))
    except REFUSALS as error:
        engine.end(_failed(task, error))
        return
    engine.store.put(replace(task, state="running", started_at=engine.now))
    engine.after(engine.task_time / STEPS, step_task, id)


@event
def step_task(engine: Engine, id: str, _: str) -> None:
    """Advance a task by one step. The last step carries out its operation."""
    job, task = engine.store.agenda.find_job(id), engine.store.find(Task, id)
    if job is None or task is None:
        return
    steps = round(task.progress * STEPS) + 1
    if steps < STEPS:
        engine.store.put(replace(task, progress=steps / STEPS))
        engine.after(engine.task_time / STEPS, step_task, id)
        return
    operation = OPERATIONS[job.operation]
    try:
        result = engine.apply(operation, engine.target(job), job.action)
    except REFUSALS as error:
        engine.end(_failed(task, error))
    else:
        engine.end(replace(task, state="succeeded", progress=1.0, result=result))


@event
def forget_task(engine: Engine, id: str, _: str) -> None:
    """Remove a task that has ended."""
    task = engine.store.find(Task, id)
    if task is not None:
        engine.store.remove(task)


def _failed(task: Task, error: HvlibError) -> Task:
    return replace(task, state="failed", error=Failure(type(error).__name__, str(error)))
