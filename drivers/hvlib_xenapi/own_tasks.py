"""Own tasks: the tasks begun in a session. Once seen to be over, they are to be removed from the server."""

from __future__ import annotations

import threading
import time

from hvlib.driver import NotSent, SessionLost
from hvlib.model.errors import ConnectionFailed, HvlibError
from hvlib.model.ref import Ref
from hvlib.model.task import ENDED, TaskState
from hvlib_xenapi.login import Caller

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

    def remove_ended(self, caller: Caller, until: float) -> None:
        """task.destroy of tasks that are over, until a moment on the monotonic clock. Ends with the first lost call.

        Raises `SessionLost`, `NotSent`; a call that fails otherwise leaves the tasks to the next time.
        """
        while (limit := until - time.monotonic()) > 0 and (task := self._take()) is not None:
            try:
                caller.call("task.destroy", [task], limit=limit)
            except (SessionLost, NotSent):
                self._put_back(task)
                raise
            except ConnectionFailed:  # So little time is no reason to doubt the master: the action's call tells.
                self._put_back(task)
                return
            except HvlibError:
                pass  # It is gone.
            self.forget(task)

    def forget(self, task: str) -> None:
        """The server has no record of it any more."""
        with self._lock:
            self._results.pop(task, None)

    def _take(self) -> str | None:
        """A task that is over, to be removed by the caller alone; None if there is none."""
        with self._lock:
            return self._over.pop() if self._over else None

    def _put_back(self, task: str) -> None:
        """Take back a task that may not have been removed."""
        with self._lock:
            self._over.add(task)
