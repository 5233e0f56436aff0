"""Own tasks: the tasks begun in a session. Once seen to be over, they are to be removed from the server."""

from __future__ import annotations

import threading
import time

from hvlib.driver import NotSent, SessionLost
from hvlib.model.errors import ConnectionFailed, HvlibError
from hvlib_xenapi.login import Caller

__all__ = ["OwnTasks"]


class OwnTasks:
    """The tasks that one session began. Shared by threads."""

    def __init__(self) -> None:
        self._begun: set[str] = set()
        self._over: set[str] = set()
        self._lock = threading.Lock()

    def begin(self, task: str) -> None:
        """A task was begun."""
        with self._lock:
            self._begun.add(task)

    def end(self, task: str) -> None:
        """A task that was begun here is over: it is no longer needed on the server."""
        with self._lock:
            if task in self._begun:
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

    def _take(self) -> str | None:
        """A task that is over, to be removed by the caller alone; None if there is none."""
        with self._lock:
            return self._over.pop() if self._over else None

    def _put_back(self, task: str) -> None:
        """Take back a task that may not have been removed."""
        with self._lock:
            self._over.add(task)
