"""Task: an operation under way, as callers hold it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar, cast

import msgspec

from hvlib.model.errors import HvlibError
from hvlib.model.ref import Ref

__all__ = ["DEFAULT_TIMEOUT", "ENDED", "Failure", "Follower", "Task", "TaskState"]

DEFAULT_TIMEOUT = 300.0
"""Seconds that a wait lasts where the caller gives no time-out."""

TaskState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
ENDED = frozenset({"succeeded", "failed", "cancelled"})

T = TypeVar("T")


class Failure(msgspec.Struct, frozen=True):
    """Why a task failed.

    | error: the name of the class in `hvlib.errors` that it raises
    | message: the server's words
    | native: the server's own fault, as plain values
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
        """Whether the operation is known to have ended; asks nobody."""

    def wait(self, timeout: float, on_progress: Callable[[float], object] | None) -> Any:
        """`Task.wait`."""

    def cancel(self) -> None:
        """`Task.cancel`."""


class Task(Generic[T]):
    """An action's return value. The operation goes on whether or not anybody waits for it: at the server, or, where it
    takes several requests, in this process.

    ``state`` is ``queued``, ``running``, ``succeeded``, ``failed``, ``cancelled``; or ``planned``, for a dry run, of
    which nothing was sent. Reading ``state``, ``progress``, ``error`` or ``result`` of a task that the server runs asks
    it (one round trip each); once the task has ended, the last answer is kept.
    """

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        """The part of hvlib that follows the operation; not for callers."""

    @property
    def provider(self) -> Any:
        """The `hvlib.Provider` that the task came from."""
        return self.follower.provider

    @property
    def operation(self) -> str:
        """The action and its target, for people."""
        return self.follower.operation

    @property
    def target(self) -> Ref | None:
        """The object that the action was asked of; None for a creation."""
        return self.follower.target

    @property
    def ref(self) -> Ref | None:
        """The task's own ref; None where the server ran no task."""
        return self.follower.ref

    @property
    def state(self) -> str:
        """The state that the task is in now."""
        return self.follower.state

    @property
    def progress(self) -> float | None:
        """0.0 to 1.0; None where the server does not say."""
        return self.follower.progress

    @property
    def left(self) -> tuple[Ref, ...]:
        """The refs of what the task made on the way and could not remove in the end."""
        return self.follower.left

    @property
    def started_at(self) -> datetime | None:
        """UTC; None where the server does not say."""
        return self.follower.started_at

    @property
    def error(self) -> HvlibError | None:
        """The error that `wait` raises: None while the task runs, and if it succeeded."""
        return self.follower.error

    @property
    def result(self) -> T | None:
        """The value that `wait` returns; None while the task runs, and if it failed."""
        return cast("T | None", self.follower.result)

    def wait(self, *, timeout: float = DEFAULT_TIMEOUT, on_progress: Callable[[float], object] | None = None) -> T:
        """Wait until the task has ended; ``on_progress`` is called with 0.0 to 1.0 whenever that moves.

        Returns the resource read again, the new one (create, clone, snapshot), or None (delete). Raises what went
        wrong: the same class that the server's refusal of the call itself would, else `TaskFailed`; `TaskCancelled`;
        `TaskTimeout` after ``timeout`` seconds, when the task goes on and can be waited for again.

        Round trips: those of a watch on one task, and one for the result.
        """
        return cast(T, self.follower.wait(timeout, on_progress))

    def cancel(self) -> None:
        """Ask the server to cancel it: one round trip. `wait` shows whether it did. Raises `Unsupported`,
        `InvalidState`.
        """
        self.follower.cancel()

    def __str__(self) -> str:
        return self.operation

    def __repr__(self) -> str:
        return f"<Task {self.follower}>"
