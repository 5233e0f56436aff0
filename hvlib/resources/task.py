"""TaskRecord: the server's own record of an operation."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec

from hvlib.ref import Ref
from hvlib.resources.resource import Resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from hvlib.task import Task

__all__ = ["ENDED", "Failure", "TaskRecord", "TaskState"]

TaskState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
ENDED = frozenset({"succeeded", "failed", "cancelled"})


class Failure(msgspec.Struct, frozen=True):
    """Why a task failed.

    | error: the name of the class in `hvlib.errors` that it raises
    | message: the server's words
    | native: the server's own fault, as plain values
    """

    error: str
    message: str
    native: Any = None


class TaskRecord(Resource, frozen=True):
    """An operation as the server records it at one moment: the kind ``Task``. `Task` follows one.

    | operation: the server's name for it
    | state: queued, running, succeeded, failed, or cancelled
    | progress: 0.0 to 1.0; None where the server does not say
    | target: what it works on
    | started_at: UTC
    | error: why it failed
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
        """The running operation: what an action returns."""
        from hvlib.task import Task

        return Task.of(self)

    def wait(self, *, timeout: float = 300.0, on_progress: Callable[[float], object] | None = None) -> Any:
        """`Task.wait`."""
        return self.follow().wait(timeout=timeout, on_progress=on_progress)

    def cancel(self) -> None:
        """`Task.cancel`."""
        self.follow().cancel()
