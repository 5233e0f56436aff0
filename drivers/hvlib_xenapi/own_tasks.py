"""Own tasks: those begun in a session. Once seen to be over, they are removed from the server."""

from __future__ import annotations

import time

from hvlib.driver import NotSent, SessionLost
from hvlib.errors import HvlibError
from hvlib.ref import Ref
from hvlib.resources import ENDED, TaskState
from hvlib_xenapi.rpc import Rpc

__all__ = ["OwnTasks"]


class OwnTasks:
    """Those of a session."""

    def __init__(self) -> None:
        self._begun: set[str] = set()
        self._over: set[str] = set()
        self._results: dict[str, Ref] = {}

    def begin(self, task: str, result: Ref | None) -> None:
        """A task was begun. ``result``: what it makes, where the server's record does not say so."""
        self._begun.add(task)
        if result is not None:
            self._results[task] = result

    def result(self, task: str) -> Ref | None:
        """What was said of a task when it was begun."""
        return self._results.get(task)

    def saw(self, task: str, state: TaskState) -> None:
        """A task is in this state. One that is over is no longer needed on the server."""
        if state in ENDED and task in self._begun:
            self._begun.discard(task)
            self._over.add(task)

    def destroy(self, rpc: Rpc, until: float | None = None) -> None:
        """task.destroy of each that is over, until a moment on the monotonic clock. Raises `SessionLost`, `NotSent`."""
        while self._over:
            limit = None if until is None else until - time.monotonic()
            if limit is not None and limit <= 0:
                return
            task = self._over.pop()
            try:
                rpc.call("task.destroy", [rpc.session, task], limit=limit)
            except (SessionLost, NotSent):
                self._over.add(task)
                raise
            except HvlibError:
                continue
            finally:
                self._results.pop(task, None)
