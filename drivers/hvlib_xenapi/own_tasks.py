"""Own tasks: the tasks begun in a session. Once seen to be over, they are to be removed from the server."""

from __future__ import annotations

import threading

from hvlib.model.ref import Ref
from hvlib.model.task import ENDED, TaskState

__all__ = ["OwnTasks"]


class OwnTasks:
    """The tasks that one session began. Shared by threads."""

    def __init__(self) -> None:
        self._begun: set[str] = set()
        self._over: set[str] = set()
        self._results: dict[str, Ref] = {}
        self._lock = threading.Lock()

    def begin(self, task: str, result: Ref | None = None) -> None:
        """A task was begun. ``result``: what it makes, where the server's record does not say so."""
        with self._lock:
            self._begun.add(task)
            if result is not None:
                self._results[task] = result

    def result(self, task: str) -> Ref | None:
        """Return the result that was named when a task was begun."""
        return self._results.get(task)

    def saw(self, task: str, state: TaskState) -> None:
        """A task is in this state. One that is over is no longer needed on the server."""
        with self._lock:
            if state in ENDED and task in self._begun:
                self._begun.discard(task)
                self._over.add(task)

    def take(self) -> str | None:
        """A task that is over, to be removed by the caller alone; None if there is none."""
        with self._lock:
            return self._over.pop() if self._over else None

    def put_back(self, task: str) -> None:
        """Take back a task that may not have been removed."""
        with self._lock:
            self._over.add(task)

    def forget(self, task: str) -> None:
        """The server has no record of it any more."""
        with self._lock:
            self._results.pop(task, None)
