"""The engine: what happens in a lab over time.

No thread drives it. Whoever calls the lab has it `advance` first: what was due by then happens, in the order of its
time. So a lab does nothing while nobody looks, and nobody can tell.

An operation on an object that has another one under way stays queued until that one has ended.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

import msgspec
from msgspec.structs import replace

from hvlib.actions import Action
from hvlib.errors import HvlibError, InvalidState
from hvlib.resources import ENDED, Failure
from hvlib_sim.objects import Link, Object, Task
from hvlib_sim.store import Store

__all__ = ["Engine", "Operation", "operation"]

P = ParamSpec("P")
O = TypeVar("O", bound=Object)  # noqa: E741 -- an Object

STEPS = 5
"""A task reports its progress this often."""

KEPT_SECONDS = 600.0
"""A task that has ended is forgotten after this time."""


class Operation(msgspec.Struct, frozen=True):
    """What can be done to an object.

    | name: as tasks show it
    | apply: does it, given the engine, the object (None: it makes one) and the action; returns what it made. What it
      refuses it raises before it has changed anything
    | states: the power states that it needs a VM to be in; none: any
    """

    name: str
    apply: Callable[[Engine, Any, Any], Link | None]
    states: tuple[str, ...] = ()

    def check(self, target: Object | None) -> None:
        """Raise `InvalidState` if the target's power state does not allow the operation."""
        state = getattr(target, "power_state", None)
        if target is not None and self.states and state not in self.states:
            raise InvalidState(f"{target.name} is {state}: {self.name} needs it {' or '.join(self.states)}")


def operation(*states: str) -> Callable[[Callable[[Engine, Any, Any], Link | None]], Operation]:
    """Make an `Operation`, allowed in these power states, of the function that applies it."""

    def make(apply: Callable[[Engine, Any, Any], Link | None]) -> Operation:
        name = apply.__name__.replace("_", "-")
        return Operation(name, apply, states)

    return make


class Job(msgspec.Struct):
    """A task that has not ended: what it does to what, and how many of its steps are done."""

    operation: Operation
    target: Object | None
    action: Action
    steps: int = 0


class Engine:
    """Carries out operations on a store's objects, at once or as tasks of ``task_time`` seconds on ``clock``."""

    def __init__(self, store: Store, clock: Callable[[], float], task_time: float) -> None:
        self.store = store
        self.clock = clock
        self.task_time = task_time
        self._now = clock()
        self._began = datetime.now(UTC) - timedelta(seconds=self._now)
        self._due: list[tuple[float, int, Callable[[str], None], str]] = []
        self._order = count()
        self._jobs: dict[str, Job] = {}
        self._queues: dict[str, deque[str]] = {}

    @property
    def now(self) -> datetime:
        """The lab's time."""
        return self._began + timedelta(seconds=self._now)

    def new_identity(self, kind: type[Object]) -> dict[str, Any]:
        """Id, uuid and creation time for a new object."""
        return {"id": self.store.new_id(kind), "uuid": str(uuid4()), "created_at": self.now}

    def advance(self) -> None:
        """Let everything happen that is due."""
        now = self.clock()
        while self._due and self._due[0][0] <= now:
            self._now, _, happen, target = heapq.heappop(self._due)
            happen(target)
        self._now = now

    def idle_for(self) -> float | None:
        """Seconds until something is due; None if nothing is."""
        return max(self._due[0][0] - self.clock(), 0.0) if self._due else None

    def after(self, seconds: float, happen: Callable[[str], None], id: str) -> None:
        """Let something happen to an object later."""
        heapq.heappush(self._due, (self._now + seconds, next(self._order), happen, id))

    def perform(self, operation: Operation, target: Object | None, action: Action) -> Link | None:
        """Carry out an operation at once. Raises what it refuses."""
        operation.check(target)
        return operation.apply(self, target, action)

    def begin(self, operation: Operation, target: Object | None, link: Link | None, action: Action) -> str:
        """Carry out an operation as a task, whose id this returns."""
        name = f"{operation.name} {target.name}" if target else operation.name
        task = Task(name=name, operation=operation.name, target=link, **self.new_identity(Task))
        self.store.put(task)
        self._jobs[task.id] = Job(operation, target, action)
        queue = self._queues.setdefault(target.id, deque()) if target else None
        if queue is not None:
            queue.append(task.id)
        if queue is None or len(queue) == 1:
            self.after(0.0, self._start, task.id)
        return task.id

    def cancel(self, task: Task) -> None:
        """End a task without carrying it out. Raises `InvalidState` if it has ended."""
        if task.state in ENDED:
            raise InvalidState(f"{task.name}: it has {task.state} already")
        self._end(replace(task, state="cancelled"))

    def _start(self, id: str) -> None:
        job = self._jobs.get(id)
        if job is None:
            return
        task = self.store.get(Task, id)
        try:
            job.operation.check(self._current(job))
        except HvlibError as error:
            self._end(_failed(task, error))
            return
        self.store.put(replace(task, state="running", started_at=self.now))
        self.after(self.task_time / STEPS, self._step, id)

    def _step(self, id: str) -> None:
        job = self._jobs.get(id)
        if job is None:
            return
        job.steps += 1
        task = self.store.get(Task, id)
        if job.steps < STEPS:
            self.store.put(replace(task, progress=job.steps / STEPS))
            self.after(self.task_time / STEPS, self._step, id)
            return
        try:
            result = self.perform(job.operation, self._current(job), job.action)
        except HvlibError as error:
            self._end(_failed(task, error))
        else:
            self._end(replace(task, state="succeeded", progress=1.0, result=result))

    def _current(self, job: Job) -> Object | None:
        """A job's target as it is now. Raises `NotFound` if it is gone."""
        return None if job.target is None else self.store.get(type(job.target), job.target.id)

    def _end(self, task: Task) -> None:
        self.store.put(task)
        job = self._jobs.pop(task.id)
        self.after(KEPT_SECONDS, self._forget, task.id)
        if job.target is not None:
            self._leave_queue(job.target.id, task.id)

    def _leave_queue(self, target: str, id: str) -> None:
        queue = self._queues[target]
        was_first = queue[0] == id
        queue.remove(id)
        if not queue:
            del self._queues[target]
        elif was_first:
            self.after(0.0, self._start, queue[0])

    def _forget(self, id: str) -> None:
        self.store.remove(self.store.get(Task, id))


def _failed(task: Task, error: HvlibError) -> Task:
    return replace(task, state="failed", error=Failure(type(error).__name__, str(error)))
