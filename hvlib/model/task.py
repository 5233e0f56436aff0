"""Task: the handle of an operation that an action started."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar, cast

import msgspec

from hvlib.model.errors import HvlibError
from hvlib.model.ref import Ref

__all__ = ["DEFAULT_TIMEOUT", "ENDED", "Failure", "Follower", "Task", "TaskState"]

DEFAULT_TIMEOUT = 300.0
"""The time-out of a wait, in seconds, where the caller gives none."""

TaskState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
ENDED = frozenset({"succeeded", "failed", "cancelled"})

T = TypeVar("T")


class Failure(msgspec.Struct, frozen=True):
    """Why a task failed.

    | error: the name of the class in `hvlib.errors` that the task raises
    | message: the server's message
    | native: the server's own error, as plain values
    """

    error: str
    message: str
    native: Any = None


class Follower(Protocol):
    """Follows one operation to its end."""

    provider: Any
    operation: str
    target: Ref | None
    ref: Ref | None
    left: tuple[Ref, ...]

    @property
    def state(self) -> str:
        """`Task.state`."""

    @property
    def progress(self) -> float | None:
        """`Task.progress`."""

    @property
    def started_at(self) -> datetime | None:
        """`Task.started_at`."""

    @property
    def error(self) -> HvlibError | None:
        """`Task.error`."""

    @property
    def result(self) -> Any:
        """`Task.result`."""

    @property
    def ended(self) -> bool:
        """Whether the operation is known to have ended. Sends nothing."""

    def wait(self, timeout: float, on_progress: Callable[[float], object] | None) -> Any:
        """`Task.wait`."""

    def cancel(self) -> None:
        """`Task.cancel`."""


class Task(Generic[T]):
    """The handle of an operation: the return value of an action.

    The operation runs whether or not anybody waits for it: on the server, or, where it takes several requests, in this
    process.

    ``state`` is ``queued``, ``running``, ``succeeded``, ``failed`` or ``cancelled``; for a dry run, which sends
    nothing, it is ``planned``. While the server runs the task, reading ``state``, ``progress``, ``error`` or ``result``
    asks the server (one round trip each). Once the task has ended, the last answer is kept.
    """

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        """The part of hvlib that follows the operation. Internal: not for callers."""

    @property
    def provider(self) -> Any:
        """The `hvlib.Provider` that the task came from."""
        return self.follower.provider

    @property
    def operation(self) -> str:
        """The action and its target, as text for people."""
        return self.follower.operation

    @property
    def target(self) -> Ref | None:
        """The ref of the object that the action works on; None for a creation."""
        return self.follower.target

    @property
    def ref(self) -> Ref | None:
        """The ref of the task's own record; None where there is no record of it."""
        return self.follower.ref

    @property
    def state(self) -> str:
        """The task's present state."""
        return self.follower.state

    @property
    def progress(self) -> float | None:
        """The progress from 0.0 to 1.0; None where the server does not report it."""
        return self.follower.progress

    @property
    def left(self) -> tuple[Ref, ...]:
        """The refs of the objects that the task made on the way and could not remove in the end."""
        return self.follower.left

    @property
    def started_at(self) -> datetime | None:
        """The time of the start, in UTC; None where the server does not report it."""
        return self.follower.started_at

    @property
    def error(self) -> HvlibError | None:
        """The error that `wait` raises; None while the task runs, and if it succeeded."""
        return self.follower.error

    @property
    def result(self) -> T | None:
        """The value that `wait` returns; None while the task runs, and if it failed."""
        return cast("T | None", self.follower.result)

    def wait(self, *, timeout: float = DEFAULT_TIMEOUT, on_progress: Callable[[float], object] | None = None) -> T:
        """Wait until the task has ended. ``on_progress`` is called with 0.0 to 1.0 whenever the progress changes.

        Returns the resource, read again; after create, clone and snapshot the new resource; after delete None.

        If the operation failed, raises the class that the call itself would have raised if the server had refused it
        at once, else `TaskFailed`. Raises `TaskCancelled` if the task was cancelled, and `TaskTimeout` after
        ``timeout`` seconds: the task still runs then, and can be waited for again.

        Round trips: those of a watch on one task, and one for the result.
        """
        return cast(T, self.follower.wait(timeout, on_progress))

    def cancel(self) -> None:
        """Ask the server to cancel the task: one round trip. `wait` shows whether it was cancelled.

        Raises `Unsupported` where the task can't be cancelled, and `InvalidState` if it has ended.
        """
        self.follower.cancel()

    def __str__(self) -> str:
        return self.operation

    def __repr__(self) -> str:
        return f"<Task {self.follower}>"
