"""Agenda: all that the engine of a lab has to remember: which event is due when, and the tasks that have not ended.

It is data, so that it can be kept in a file, and another process's engine can go on with it.
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
    """An event that is to happen to an object.

    | at: when, on the clock of the lab
    | event: what, by its name in `hvlib_sim.lab.engine.EVENTS`
    | id: to which; detail: what else there is to know
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
    """Events in the order of time, and jobs by the ids of their tasks; the jobs of one object form a queue."""

    @abstractmethod
    def schedule(self, due: Due) -> None:
        """Let something happen later."""

    @abstractmethod
    def next_at(self) -> float | None:
        """When the next thing happens; None: nothing does."""

    @abstractmethod
    def take(self, now: float) -> Due | None:
        """The earliest thing that is due by now. It is on the agenda no more."""

    @abstractmethod
    def add_job(self, task: str, job: Job) -> None:
        """Keep a new task's job, as the last in the queue of its target."""

    @abstractmethod
    def find_job(self, task: str) -> Job | None:
        """The job of a task, if it has not ended."""

    @abstractmethod
    def remove_job(self, task: str) -> None:
        """Forget the job of a task, wherever it stands in its queue."""

    @abstractmethod
    def queue(self, target: str) -> Sequence[str]:
        """The first tasks, two at least if there are so many, that have this object for their target."""


class MemoryAgenda(Agenda):
    """In memory."""

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
