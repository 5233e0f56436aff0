"""Agenda: the state of a lab's engine: its scheduled events, and the jobs of the tasks that have not ended.

An agenda is plain data: it can be kept in a file, and the engine of another process can continue from it.
"""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from itertools import count

import msgspec

from hvlib.model.actions import Action
from hvlib_sim.lab.objects import Link

__all__ = ["Agenda", "Due", "Job", "MemoryAgenda"]


class Due(msgspec.Struct, frozen=True):
    """A scheduled event of an object.

    | at: its time, on the clock of the lab
    | event: its name in `hvlib_sim.lab.engine.EVENTS`
    | id: the object's id; detail: an argument of the event
    """

    at: float
    event: str
    id: str
    detail: str = ""


class Job(msgspec.Struct, frozen=True):
    """The work of a task: an operation (a name in `hvlib_sim.lab.engine.OPERATIONS`), its target, and the action."""

    operation: str
    target: Link | None
    action: Action


class Agenda(ABC):
    """Events in the order of time, and jobs by the ids of their tasks. The jobs of one object form a queue."""

    @abstractmethod
    def schedule(self, due: Due) -> None:
        """Add an event."""

    @abstractmethod
    def next_at(self) -> float | None:
        """The time of the next event; None if there are no events."""

    @abstractmethod
    def take(self, now: float) -> Due | None:
        """Remove and return the earliest event that is due by ``now``; None if no event is due."""

    @abstractmethod
    def add_job(self, task: str, job: Job) -> None:
        """Add a new task's job, at the end of its target's queue."""

    @abstractmethod
    def find_job(self, task: str) -> Job | None:
        """The job of a task; None if the task has ended."""

    @abstractmethod
    def remove_job(self, task: str) -> None:
        """Remove the job of a task, from any position in its queue."""

    @abstractmethod
    def queue(self, target: str) -> Sequence[str]:
        """The first tasks of the object's queue: at least two, if the queue has two."""


class MemoryAgenda(Agenda):
    """An agenda in memory."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Due]] = []
        self._order = count()
        self._jobs: dict[str, Job] = {}
        self._queues: dict[str, deque[str]] = {}

    def schedule(self, due: Due) -> None:
        """`Agenda.schedule`."""
        heapq.heappush(self._due, (due.at, next(self._order), due))

    def next_at(self) -> float | None:
        """`Agenda.next_at`."""
        return self._due[0][0] if self._due else None

    def take(self, now: float) -> Due | None:
        """`Agenda.take`."""
        if not self._due or self._due[0][0] > now:
            return None
        return heapq.heappop(self._due)[2]

    def add_job(self, task: str, job: Job) -> None:
        """`Agenda.add_job`."""
        self._jobs[task] = job
        if job.target is not None:
            self._queues.setdefault(job.target.id, deque()).append(task)

    def find_job(self, task: str) -> Job | None:
        """`Agenda.find_job`."""
        return self._jobs.get(task)

    def remove_job(self, task: str) -> None:
        """`Agenda.remove_job`."""
        target = self._jobs.pop(task).target
        if target is not None:
            self._queues[target.id].remove(task)
            if not self._queues[target.id]:
                del self._queues[target.id]

    def queue(self, target: str) -> Sequence[str]:
        """`Agenda.queue`."""
        return self._queues.get(target, ())
