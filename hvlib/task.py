"""Task: an operation that the server runs, followed to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hvlib import errors
from hvlib.actions import Action, Cancel, Delete
from hvlib.errors import HvlibError, NotFound, TaskCancelled, TaskFailed, TaskTimeout, WaitTimeout
from hvlib.mirror import Event, EventType
from hvlib.ref import Ref
from hvlib.resources import ENDED, Failure, TaskRecord

if TYPE_CHECKING:
    from hvlib.provider import Provider

__all__ = ["Task", "wait_all"]

DEFAULT_TIMEOUT = 300.0

Progress = Callable[["Task", float], object]


class Task:
    """What an action returns. It goes on at the server whether or not anybody waits for it.

    ``state`` is ``queued``, ``running``, ``succeeded``, ``failed``, ``cancelled``; or ``planned``, for a dry run, of
    which nothing was sent. Reading ``state``, ``progress``, ``error`` or ``result`` asks the server while the task
    runs (one round trip each); once it has ended, what the server's record said is kept.
    """

    def __init__(
        self,
        provider: Provider,
        operation: str,
        target: Ref | None,
        *,
        record: TaskRecord | None = None,
        ref: Ref | None = None,
        action: Action | None = None,
        outcome: Ref | None = None,
        planned: bool = False,
    ) -> None:
        self.provider = provider
        self.operation = operation
        self.target = target
        self.ref = ref
        """The task's own ref; None where the server ran no task."""
        self._action = action
        self._record = record
        self._outcome = outcome
        self._planned = planned
        self._lost: NotFound | None = None
        self._result: Any = None
        self._result_read = False

    @classmethod
    def of(cls, record: TaskRecord) -> Task:
        """The task of a record that the server keeps."""
        return cls(record.provider, record.operation, record.target, record=record, ref=record.ref)

    @property
    def state(self) -> str:
        """Where the task is now."""
        if self._planned:
            return "planned"
        record = self._latest()
        return "succeeded" if record is None else record.state

    @property
    def progress(self) -> float | None:
        """0.0 to 1.0; None where the server does not say."""
        if self._planned:
            return 0.0
        record = self._latest()
        return 1.0 if record is None or record.state == "succeeded" else record.progress

    @property
    def started_at(self) -> datetime | None:
        """UTC; None where the server does not say."""
        record = self._latest()
        return None if record is None else record.started_at

    @property
    def error(self) -> HvlibError | None:
        """What `wait` raises: None while the task runs, and if it succeeded."""
        record = self._latest()
        if record is None or record.state not in ("failed", "cancelled"):
            return None
        return self._failure(record)

    @property
    def result(self) -> Any:
        """What `wait` returns; None while the task runs, and if it failed."""
        return self._read_result() if self.state == "succeeded" else None

    def wait(self, *, timeout: float = DEFAULT_TIMEOUT, on_progress: Callable[[float], object] | None = None) -> Any:
        """Wait until the task has ended; ``on_progress`` is called with 0.0 to 1.0 whenever that moves.

        Returns the resource read again, the new one (create, clone, snapshot), or None (delete). Raises what went
        wrong: the same class that the server's refusal of the call itself would, else `TaskFailed`; `TaskCancelled`;
        `TaskTimeout` after ``timeout`` seconds, when the task goes on and can be waited for again.

        Round trips: those of a watch on one task, and one for the result.
        """
        report = None if on_progress is None else lambda _, fraction: on_progress(fraction)
        _follow(self.provider, [self], time.monotonic() + timeout, report)
        return self._conclude(timeout)

    def cancel(self) -> None:
        """Ask the server to cancel it: one round trip. `wait` tells whether it did. Raises `Unsupported`,
        `InvalidState`.
        """
        if self.ref is None:
            raise errors.InvalidState(f"{self.operation} has ended")
        self.provider.collection(TaskRecord.kind).do(self.ref, Cancel())

    def _ended(self) -> bool:
        if self.ref is None or self._lost is not None:
            return True
        return self._record is not None and self._record.state in ENDED

    def _latest(self) -> TaskRecord | None:
        if not self._ended():
            assert self.ref is not None
            self._record = self.provider.tasks.get(self.ref)
        return self._record

    def _take(self, event: Event, report: Progress | None) -> None:
        """Take over what a watch says of this task."""
        if event.type is EventType.DELETED:
            self._lose()
            return
        assert isinstance(event.resource, TaskRecord)
        before = None if self._record is None else self._record.progress
        self._record = event.resource
        if report is not None and event.resource.progress not in (None, before):
            report(self, event.resource.progress or 0.0)

    def _lose(self) -> None:
        self._lost = NotFound(f"{self}: the server keeps no record of it any more, so its outcome is unknown")
        self._located(self._lost)

    def _conclude(self, timeout: float) -> Any:
        if not self._ended():
            raise self._located(TaskTimeout(f"{self} still runs after {timeout:g} s", hint="it goes on: wait again"))
        error = self._lost or (None if self.ref is None else self.error)
        if error is not None:
            raise error
        return self._read_result()

    def _read_result(self) -> Any:
        if not self._result_read:
            self._result = None if isinstance(self._action, Delete) else self._read(self._result_ref())
            self._result_read = True
        return self._result

    def _result_ref(self) -> Ref | None:
        made = self._record.result if self._record is not None else None
        return made or self._outcome or self.target

    def _read(self, ref: Ref | None) -> Any:
        if ref is None:
            return None
        if self._action is None:  # Somebody else's task: it may have been a deletion.
            with suppress(NotFound):
                return self.provider.collection(ref.kind).get(ref)
            return None
        return self.provider.collection(ref.kind).get(ref)

    def _failure(self, record: TaskRecord) -> HvlibError:
        if record.state == "cancelled":
            return self._located(TaskCancelled(f"{self} was cancelled"))
        failure = record.error or Failure("TaskFailed", "the server gives no reason")
        kind = getattr(errors, failure.error, TaskFailed)
        return self._located(kind(f"{self}: {failure.message}", native=failure.native))

    def _located(self, error: HvlibError) -> HvlibError:
        error.provider = self.provider
        return error

    def __str__(self) -> str:
        return self.operation

    def __repr__(self) -> str:
        state = "planned" if self._planned else "ended" if self._ended() else "under way"
        return f"<Task {self.operation}: {state}>"


def wait_all(
    tasks: Iterable[Task], *, timeout: float = DEFAULT_TIMEOUT, on_progress: Progress | None = None
) -> list[Any]:
    """Wait for all, over one watch a provider; ``on_progress`` is called with a task and 0.0 to 1.0.

    Returns their results in order. When all have ended, or the time is over, raises an `ExceptionGroup` of those that
    failed or still run.
    """
    waited = list(tasks)
    deadline = time.monotonic() + timeout
    providers = {id(task.provider): task.provider for task in waited}
    groups = [(one, [task for task in waited if task.provider is one]) for one in providers.values()]
    with ThreadPoolExecutor(max_workers=max(len(groups), 1)) as pool:
        for following in [pool.submit(_follow, one, group, deadline, on_progress) for one, group in groups]:
            following.result()
    results: list[Any] = []
    failures: list[HvlibError] = []
    for task in waited:
        try:
            results.append(task._conclude(timeout))
        except HvlibError as error:
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {len(waited)} tasks did not succeed", failures)
    return results


def _follow(provider: Provider, tasks: Sequence[Task], deadline: float, report: Progress | None) -> None:
    """Follow one provider's tasks over one watch until all have ended or the deadline is reached."""
    running = {task.ref: task for task in tasks if task.ref is not None and not task._ended()}
    if not running:
        return
    with provider.tasks.watch_refs(list(running)) as watch, suppress(WaitTimeout):
        while running:
            event = watch.next(timeout=max(deadline - time.monotonic(), 0.0))
            if event is None:
                return
            if event.type is EventType.SYNCED:
                for task in running.values():
                    if task._record is None:
                        task._lose()
            elif event.ref in running:
                running[event.ref]._take(event, report)
            running = {ref: task for ref, task in running.items() if not task._ended()}
