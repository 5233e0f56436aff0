"""Task: an operation that the server runs, followed to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from hvlib import errors
from hvlib.actions import Action, Cancel, Delete
from hvlib.errors import HvlibError, NotFound, TaskCancelled, TaskFailed, TaskTimeout, WaitTimeout
from hvlib.mirror import Event, EventType
from hvlib.ref import Ref
from hvlib.resources import ENDED, Failure, Resource, TaskRecord

if TYPE_CHECKING:
    from hvlib.provider import Provider
    from hvlib.watch import Watch

__all__ = ["Task", "wait_all"]

DEFAULT_TIMEOUT = 300.0

Progress = Callable[["Task[Any]", float], object]

T = TypeVar("T")


class Task(Generic[T]):
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
    def of(cls, record: TaskRecord) -> Task[Any]:
        """The task of a record that the server keeps."""
        return cls(record.provider, record.operation, record.target, record=record, ref=record.ref)

    @property
    def state(self) -> str:
        """Where the task is now."""
        if self._planned:
            return "planned"
        record = self._latest()
        if self._lost is not None:
            return "unknown"
        return "succeeded" if record is None else record.state

    @property
    def progress(self) -> float | None:
        """0.0 to 1.0; None where the server does not say."""
        if self._planned:
            return 0.0
        record = self._latest()
        if self._lost is not None:
            return None
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
        if self._lost is not None:
            return self._lost
        if record is None or record.state not in ("failed", "cancelled"):
            return None
        return self._failure(record)

    @property
    def result(self) -> T | None:
        """What `wait` returns; None while the task runs, and if it failed."""
        if self.state != "succeeded":
            return None
        _read_results([self])
        return self._take_result()

    def wait(self, *, timeout: float = DEFAULT_TIMEOUT, on_progress: Callable[[float], object] | None = None) -> T:
        """Wait until the task has ended; ``on_progress`` is called with 0.0 to 1.0 whenever that moves.

        Returns the resource read again, the new one (create, clone, snapshot), or None (delete). Raises what went
        wrong: the same class that the server's refusal of the call itself would, else `TaskFailed`; `TaskCancelled`;
        `TaskTimeout` after ``timeout`` seconds, when the task goes on and can be waited for again.

        Round trips: those of a watch on one task, and one for the result.
        """
        report: Progress | None = None if on_progress is None else lambda _, fraction: on_progress(fraction)
        deadline = time.monotonic() + timeout
        if self._planned:
            raise self._located(errors.InvalidState(f"{self} is only planned: nothing was sent"))
        running = _running([self])
        if running:
            with self.provider.tasks.watch_refs(list(running), patience=timeout) as watch:
                _follow(watch, running, deadline, report)
        refusal = self._refusal(timeout)
        if refusal is not None:
            raise refusal
        _read_results([self])
        return self._take_result()

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

    def _take(self, event: Event[TaskRecord], report: Progress | None) -> None:
        """Take over what a watch says of this task."""
        if event.type is EventType.DELETED:
            self._lose()
            return
        assert event.resource is not None
        before = None if self._record is None else self._record.progress
        self._record = event.resource
        if report is not None and event.resource.progress not in (None, before):
            report(self, event.resource.progress or 0.0)

    def _lose(self) -> None:
        self._lost = NotFound(f"{self}: the server keeps no record of it any more, so its outcome is unknown")
        self._located(self._lost)

    def _refusal(self, timeout: float) -> HvlibError | None:
        """What `wait` raises, after it has followed the task."""
        if not self._ended():
            return self._located(TaskTimeout(f"{self} still runs after {timeout:g} s", hint="it goes on: wait again"))
        return self.error

    def _result_ref(self) -> Ref | None:
        if isinstance(self._action, Delete):
            return None
        made = self._record.result if self._record is not None else None
        return made or self._outcome or self.target

    def _keep_result(self, found: Resource | None) -> None:
        self._result, self._result_read = found, True

    def _take_result(self) -> T:
        """The result that `_read_results` read. None of somebody else's task, which may have been a deletion."""
        ref = self._result_ref()
        if self._result is None and ref is not None and self._action is not None:
            raise self._located(NotFound(f"{self} succeeded, and {ref.kind} {ref.id} is gone since"))
        return cast(T, self._result)

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
    tasks: Iterable[Task[T]], *, timeout: float = DEFAULT_TIMEOUT, on_progress: Progress | None = None
) -> list[T]:
    """Wait for all, over one watch a provider; ``on_progress`` is called with a task and 0.0 to 1.0.

    Returns their results in order, read in one round trip a kind. When all have ended, or the time is over, raises an
    `ExceptionGroup` of what those would raise that failed or still run.
    """
    waited = list(tasks)
    deadline = time.monotonic() + timeout
    groups = [group for group in _by_provider(waited) if _running(group)]
    troubles: dict[Task[Any], HvlibError] = {}
    with ThreadPoolExecutor(max_workers=max(len(groups), 1)) as pool, ExitStack() as watches:
        followed = []
        for group in groups:
            running = _running(group)
            with _noted(troubles, group):
                watch = watches.enter_context(group[0].provider.tasks.watch_refs(list(running), patience=timeout))
                followed.append((group, pool.submit(_follow, watch, running, deadline, on_progress)))
        for group, following in followed:  # Whatever ends this wait, Ctrl-C too, closes the watches: the threads end.
            with _noted(troubles, group):
                following.result()
    refusals = [(not task._ended() and troubles.get(task)) or task._refusal(timeout) for task in waited]
    failures = [refusal for refusal in refusals if refusal is not None]
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {len(waited)} tasks did not succeed", failures)
    _read_results(waited)
    return [task._take_result() for task in waited]


@contextmanager
def _noted(troubles: dict[Task[Any], HvlibError], group: Iterable[Task[Any]]) -> Iterator[None]:
    """What keeps one provider's tasks from being followed is theirs; the other providers' go on."""
    try:
        yield
    except HvlibError as error:
        troubles.update(dict.fromkeys(group, error))


def _by_provider(tasks: Iterable[Task[Any]]) -> list[list[Task[Any]]]:
    groups: dict[int, list[Task[Any]]] = {}
    for task in tasks:
        groups.setdefault(id(task.provider), []).append(task)
    return list(groups.values())


def _read_results(tasks: Iterable[Task[Any]]) -> None:
    """Read the results of tasks that succeeded: one round trip a provider and kind."""
    for group in _by_provider(task for task in tasks if not task._result_read):
        refs = {task: task._result_ref() for task in group}
        found = group[0].provider.get_many([ref for ref in refs.values() if ref is not None])
        for task, ref in refs.items():
            task._keep_result(found.get(ref) if ref is not None else None)


def _running(tasks: Iterable[Task[Any]]) -> dict[Ref, list[Task[Any]]]:
    """Those that may not have ended, by ref: there may be several of one."""
    running: dict[Ref, list[Task[Any]]] = {}
    for task in tasks:
        if task.ref is not None and not task._ended():
            running.setdefault(task.ref, []).append(task)
    return running


def _follow(
    watch: Watch[TaskRecord], running: dict[Ref, list[Task[Any]]], deadline: float, report: Progress | None
) -> None:
    """Follow one provider's tasks until all have ended, the deadline is reached, or the watch is closed."""
    seen: set[Ref] = set()
    with suppress(WaitTimeout):
        while running:
            event = watch.next(timeout=max(deadline - time.monotonic(), 0.0))
            if event is None:
                return
            if event.ref is not None:
                seen.add(event.ref)
                for task in running.get(event.ref, ()):
                    task._take(event, report)
            else:  # SYNCED: the server has no record of those that it did not tell.
                for task in (task for ref, group in running.items() if ref not in seen for task in group):
                    task._lose()
            running = _running(task for group in running.values() for task in group)
