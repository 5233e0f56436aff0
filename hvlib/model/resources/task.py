"""TaskRecord: the server's own record of an operation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, cast

from hvlib.model.ref import Ref
from hvlib.model.resources.resource import Resource
from hvlib.model.task import DEFAULT_TIMEOUT, Failure, Task, TaskState

__all__ = ["TaskRecord"]


class TaskRecord(Resource, frozen=True):
    """The server's record of an operation at one moment: the kind ``Task``. `follow` gives the operation as a `Task`.

    | operation: the server's name of the operation
    | state: queued, running, succeeded, failed, or cancelled
    | progress: 0.0 to 1.0; None where the server does not report it
    | target: the object that it works on
    | started_at: the time of the start, in UTC
    | error: the reason why it failed
    | result: the object that it made; None if it made none
    """

    kind: ClassVar[str] = "Task"

    operation: str
    state: TaskState
    progress: float | None
    target: Ref | None
    started_at: datetime | None
    error: Failure | None
    result: Ref | None

    def follow(self) -> Task[Any]:
        """The operation as a `Task`, like the one that an action returns."""
        return cast("Task[Any]", self.provider.tasks.follow(self))

    def wait(self, *, timeout: float = DEFAULT_TIMEOUT, on_progress: Callable[[float], object] | None = None) -> Any:
        """`Task.wait`."""
        return self.follow().wait(timeout=timeout, on_progress=on_progress)

    def cancel(self) -> None:
        """`Task.cancel`."""
        self.follow().cancel()
