"""StepsTask: an operation that this process carries out, shared by callers and by the thread that runs it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from hvlib.model.actions import Action
from hvlib.model.errors import Closed, HvlibError, InvalidState, TaskCancelled
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import TaskRecord
from hvlib.model.task import Failure, TaskState
from hvlib.runtime.operation import Operation
from hvlib.runtime.shared_watch import Inbox, Read, SharedWatch
from hvlib.runtime.steps.cancellation import Cancellation

__all__ = ["StepsTask"]


class StepsTask(Operation):
    """An operation that this process carries out. Its ref is valid only in this process. Reading it sends nothing.

    | left: the refs of the objects that could not be removed
    """

    action: Action

    def __init__(self, shared: SharedWatch, operation: str, target: Ref | None, action: Action) -> None:
        ref = shared.manager.context.ref(TaskRecord, f"steps-{uuid4()}")
        super().__init__(shared, operation, target, action, ref)
        self.cancelled = False
        self.future: Future[None] | None = None
        """The future of the thread that runs the action's code."""
        self._changed = threading.RLock()
        self._listeners: list[tuple[Inbox, Read]] = []
        self._state: TaskState = "queued"
        self._progress: float | None = None
        self._error: HvlibError | None = None
        self._made: Ref | None = None
        self._created = datetime.now(UTC)
        self._started: datetime | None = None
        self._process = os.getpid()

    @property
    def state(self) -> str:
        """`Task.state`."""
        self._check_open()
        return self._state

    @property
    def progress(self) -> float | None:
        """`Task.progress`: the progress of the step that the server carries out now; 1.0 in the end."""
        return self._progress

    @property
    def started_at(self) -> datetime | None:
        """`Task.started_at`."""
        return self._started

    @property
    def error(self) -> HvlibError | None:
        """`Task.error`."""
        return self._error

    @property
    def ended(self) -> bool:
        """`Operation.ended`."""
        return self._state in ("succeeded", "failed", "cancelled")

    def cancel(self) -> None:
        """`Task.cancel`: the steps that were taken are undone."""
        if self.ended:
            raise self.located(InvalidState(f"{self.operation} has ended"))
        self.cancelled = True
        self._end_queued()
        self._tell(None)

    def check(self) -> None:
        """Raise `Cancellation` once the task is cancelled."""
        if self.cancelled:
            raise Cancellation

    def result_ref(self) -> Ref | None:
        """`Operation.result_ref`."""
        return None if self.deletes else self._made or self.target

    @contextmanager
    def listening(self, inbox: Inbox, read: Read) -> Iterator[None]:
        """`Operation.listening`."""
        with self._listener(inbox, read):
            self._check_open()
            inbox.put((read, None))  # So that the reader looks again: the task may have ended meanwhile.
            yield

    @contextmanager
    def waking(self, inbox: Inbox) -> Iterator[None]:
        """A block in which ``inbox`` gets an item when the task is cancelled."""
        with self._listener(inbox, lambda _: None):
            yield

    def begin(self) -> None:
        """Note that the action's code begins to run."""
        self._state, self._started = "running", datetime.now(UTC)

    def go_on(self, progress: float | None) -> None:
        """Note the progress of the step that the server carries out; None for a new step."""
        self._progress = progress
        self._tell(progress)

    def end(self, made: Ref | None, error: HvlibError | None, left: tuple[Ref, ...]) -> None:
        """Note that the action's code and the cleanup have ended."""
        self.left, self._made = left, made
        self._error = None if error is None else self.located(error)
        self._progress = 1.0
        state: TaskState = "cancelled" if isinstance(error, TaskCancelled) else "failed"
        self._state = "succeeded" if error is None else state
        self._tell(1.0)

    def close(self) -> None:
        """Cancel the task, and end every wait for it: the provider is closed."""
        self.cancelled = True
        self._end_queued()
        self._tell(self._closed())

    def record(self, query: Query[TaskRecord]) -> TaskRecord:
        """The task as a record of the kind Task."""
        assert self.ref is not None
        error = self._error
        values: dict[str, Any] = {
            "uuid": self.ref.id.removeprefix("steps-"),
            "name_label": self.operation,
            "operation": self.operation,
            "created_at": self._created,
            "started_at": self._started,
            "state": self._state,
            "progress": self._progress,
            "target": self.target,
            "result": self._made,
            "error": None if error is None else Failure(type(error).__name__, str(error)),
            "tags": (),
        }
        return query.build(self.ref, values)

    @contextmanager
    def _listener(self, inbox: Inbox, read: Read) -> Iterator[None]:
        listener = inbox, read
        with self._changed:
            self._listeners.append(listener)
        try:
            yield
        finally:
            with self._changed:
                self._listeners.remove(listener)

    def _end_queued(self) -> None:
        """If the task's code has not begun to run, prevent it, and end the task."""
        if self.future is not None and self.future.cancel():
            self.end(None, TaskCancelled(f"{self.operation} was cancelled"), ())

    def _tell(self, news: float | Exception | None) -> None:
        with self._changed:
            for inbox, read in self._listeners:
                inbox.put((read, news))

    def _check_open(self) -> None:
        """Raise `Closed` where the task can't end any more: its provider is closed, or it runs in another process."""
        if not self.ended and (self._process != os.getpid() or self.shared.manager.closed):
            raise self._closed()

    def _closed(self) -> HvlibError:
        return self.located(Closed(f"{self.operation}: the provider was closed"))
