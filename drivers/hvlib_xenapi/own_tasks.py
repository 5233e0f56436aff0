"""Own tasks: the tasks that a session has started. Once seen to have ended, they are removed from the server."""

from __future__ import annotations

import threading
import time

from hvlib.driver import NotSent, SessionLost
from hvlib.model.errors import ConnectionFailed, HvlibError
from hvlib_xenapi.login import Caller

__all__ = ["OwnTasks"]


class OwnTasks:
    """The tasks that one session started. Shared by threads."""

    def __init__(self) -> None:
        self._begun: set[str] = set()
        self._over: set[str] = set()
        self._lock = threading.Lock()

    def begin(self, task: str) -> None:
        """Note that a task was started."""
        with self._lock:
            self._begun.add(task)

    def end(self, task: str) -> None:
        """Note that a task has ended and is to be removed from the server, if it was started here."""
        with self._lock:
            if task in self._begun:
                self._begun.discard(task)
                self._over.add(task)

    def remove_ended(self, caller: Caller, until: float) -> None:
        """task.destroy of each ended task, until a moment on the monotonic clock or the first lost call.

        Raises `SessionLost` and `NotSent`. Any other lost connection leaves the remaining tasks to the next removal.
        """
        while (limit := until - time.monotonic()) > 0 and (task := self._take()) is not None:
            try:
                caller.call("task.destroy", [task], limit=limit)
            except (SessionLost, NotSent):
                self._put_back(task)
                raise
            except ConnectionFailed:  # The limit is short, so the master may be well: the action's own call shows it.
                self._put_back(task)
                return
            except HvlibError:
                pass  # The task is gone already.

    def _take(self) -> str | None:
        """Return an ended task that only the caller is to remove; None if there is none."""
        with self._lock:
            return self._over.pop() if self._over else None

    def _put_back(self, task: str) -> None:
        """Put back a task that may still be on the server."""
        with self._lock:
            self._over.add(task)
