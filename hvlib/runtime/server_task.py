"""ServerTask: an operation that the server runs, followed to its end by a watch on its record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any, cast

from hvlib.model import errors
from hvlib.model.actions import Action, Cancel, Delete
from hvlib.model.arguments import function, seconds
from hvlib.model.binding import BoundProvider
from hvlib.model.errors import HvlibError, NotFound, TaskCancelled, TaskFailed, TaskTimeout, WaitTimeout
from hvlib.model.event import Event, EventType
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource, TaskRecord
from hvlib.model.task import ENDED, Failure
from hvlib.runtime.clock import Clock
from hvlib.runtime.translation import locate, locating
from hvlib.runtime.watch.watch import Watch

__all__ = ["Report", "ServerTask", "by_provider", "follow", "read_results", "running_tasks", "watch_tasks"]

FOLLOWED = frozenset({"state", "progress", "started_at", "error", "result"})
"""The fields of a task's record that are read while it is followed. Another may cost the server a round trip more."""

Report = Callable[["ServerTask", float], object]
"""Called with a task and its progress, 0.0 to 1.0."""


class ServerTask:
    """`hvlib.model.task.Follower` of an operation that the server keeps a record of, or that is over already.

    | ref: the record's; None where the server ran no task, or where the action is only planned
    | outcome: the object that the action made, where the server said so at once
    """

    def __init__(
        self,
        provider: BoundProvider,
        operation: str,
        target: Ref | None,
        *,
        record: TaskRecord | None = None,
        ref: Ref | None = None,
        action: Action | None = None,
        outcome: Ref | None = None,
        planned: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.provider: Any = provider
        self.operation = operation
        self.target = target
        self.ref = ref
        self.clock = clock or Clock()
        self.result_read = False
        self._action = action
        self._record = record
        self._outcome = outcome
        self._planned = planned
        self._lost: NotFound | None = None
        self._result: Any = None

    @property
    def state(self) -> str:
        """`Task.state`."""
        if self._planned:
            return "planned"
        record = self._latest()
        if self._lost is not None:
            return "unknown"
        return "succeeded" if record is None else record.state

    @property
    def progress(self) -> float | None:
        """`Task.progress`."""
        if self._planned:
            return 0.0
        record = self._latest()
        if self._lost is not None:
            return None
        return 1.0 if record is None or record.state == "succeeded" else _known(record, "progress")

    @property
    def started_at(self) -> datetime | None:
        """`Task.started_at`."""
        record = self._latest()
        return None if record is None else _known(record, "started_at")

    @property
    def error(self) -> HvlibError | None:
        """`Task.error`."""
        record = self._latest()
        if self._lost is not None:
            return self._lost
        if record is None or record.state not in ("failed", "cancelled"):
            return None
        return self._failure(record)

    @property
    def result(self) -> Any:
        """`Task.result`."""
        if self.state != "succeeded":
            return None
        read_results([self])
        return self.take_result()

    @property
    def ended(self) -> bool:
        """Whether the operation is known to have ended; asks nobody."""
        if self.ref is None or self._lost is not None:
            return True
        return self._record is not None and self._record.state in ENDED

    def wait(self, timeout: float, on_progress: Callable[[float], object] | None) -> Any:
        """`Task.wait`."""
        report = None if on_progress is None else lambda _, fraction: on_progress(fraction)
        with locating(self.provider):
            function("on_progress", on_progress)
            deadline = self.clock.now() + seconds("timeout", timeout)
        running = running_tasks([self])
        if running:
            with watch_tasks(self.provider, running, timeout) as watch:
                follow(watch, running, deadline, report)
        refusal = self.refusal(timeout)
        if refusal is not None:
            raise refusal
        read_results([self])
        return self.take_result()

    def cancel(self) -> None:
        """`Task.cancel`."""
        if self.ref is None:
            raise self._located(errors.InvalidState(f"{self.operation} has ended"))
        self.provider.collection(TaskRecord.kind).do(self.ref, Cancel())

    def take(self, event: Event[TaskRecord], report: Report | None) -> None:
        """Take over the server's record from an event."""
        if event.type is EventType.DELETED:
            self.lose()
            return
        assert event.resource is not None
        before = None if self._record is None else _known(self._record, "progress")
        self._record = event.resource
        progress = _known(event.resource, "progress")
        if report is not None and progress not in (None, before):
            report(self, progress or 0.0)

    def lose(self) -> None:
        """Note that the server has no record of the operation any more."""
        forgotten = f"{self.operation}: the server keeps no record of it any more, so its outcome is unknown"
        self._lost = cast(NotFound, self._located(NotFound(forgotten)))

    def refusal(self, timeout: float) -> HvlibError | None:
        """The error that `wait` raises after it has followed the operation; None if that succeeded."""
        if self._planned:
            return self._located(errors.InvalidState(f"{self.operation} is only planned: nothing was sent"))
        if not self.ended:
            late = f"{self.operation} still runs after {timeout:g} s"
            return self._located(TaskTimeout(late, hint="it goes on: wait again"))
        return self.error

    def result_ref(self) -> Ref | None:
        """The object to read as the result."""
        if isinstance(self._action, Delete):
            return None
        made = _known(self._record, "result") if self._record is not None else None
        return made or self._outcome or self.target

    def keep_result(self, found: Resource | None) -> None:
        """Keep the result that was read."""
        self._result, self.result_read = found, True

    def take_result(self) -> Any:
        """The result that `read_results` read. None of somebody else's task, which may have been a deletion."""
        ref = self.result_ref()
        if self._result is None and ref is not None and self._action is not None:
            raise self._located(NotFound(f"{self.operation} succeeded, and {ref.kind} {ref.id} is gone since"))
        return self._result

    def _latest(self) -> TaskRecord | None:
        if not self.ended:
            assert self.ref is not None
            self._record = self.provider.tasks.get(self.ref, fields=_followed(self.provider))
        return self._record

    def _failure(self, record: TaskRecord) -> HvlibError:
        if record.state == "cancelled":
            return self._located(TaskCancelled(f"{self.operation} was cancelled"))
        failure = _known(record, "error") or Failure("TaskFailed", "the server gives no reason")
        kind = getattr(errors, failure.error, TaskFailed)
        return self._located(kind(f"{self.operation}: {failure.message}", native=failure.native))

    def _located(self, error: HvlibError) -> HvlibError:
        return locate(error, self.provider)

    def __str__(self) -> str:
        state = "planned" if self._planned else "ended" if self.ended else "under way"
        return f"{self.operation}: {state}"


def _known(record: TaskRecord, name: str) -> Any:
    """A field's value; None where the driver does not have the field."""
    return getattr(record, name) if name in record.loaded else None


def _followed(provider: Any) -> frozenset[str]:
    """The fields that tasks are followed by, of those that the driver has."""
    declared: frozenset[str] = provider.tasks.fields
    return FOLLOWED & declared


def watch_tasks(provider: Any, tasks: Iterable[Ref], patience: float) -> Watch[TaskRecord]:
    """A watch of one provider's tasks, for a wait of ``patience`` seconds."""
    watch: Watch[TaskRecord] = provider.tasks.watch_refs(list(tasks), fields=_followed(provider), patience=patience)
    return watch


def by_provider(tasks: Iterable[ServerTask]) -> list[list[ServerTask]]:
    """The tasks of each provider."""
    groups: dict[int, list[ServerTask]] = {}
    for task in tasks:
        groups.setdefault(id(task.provider), []).append(task)
    return list(groups.values())


def read_results(tasks: Iterable[ServerTask]) -> None:
    """Read the results of tasks that succeeded: one round trip a provider and kind."""
    for group in by_provider(task for task in tasks if not task.result_read):
        refs = {task: task.result_ref() for task in group}
        found = group[0].provider.get_many([ref for ref in refs.values() if ref is not None])
        for task, ref in refs.items():
            task.keep_result(found.get(ref) if ref is not None else None)


def running_tasks(tasks: Iterable[ServerTask]) -> dict[Ref, list[ServerTask]]:
    """The tasks that may not have ended, by ref: there may be several of one."""
    running: dict[Ref, list[ServerTask]] = {}
    for task in tasks:
        if task.ref is not None and not task.ended:
            running.setdefault(task.ref, []).append(task)
    return running


def follow(
    watch: Watch[TaskRecord],
    running: dict[Ref, list[ServerTask]],
    deadline: float,
    report: Report | None,
) -> None:
    """Follow one provider's tasks until all have ended, the deadline is reached, or the watch is closed."""
    clock = next(iter(running.values()))[0].clock
    seen: set[Ref] = set()
    with suppress(WaitTimeout):
        while running:
            event = watch.next(timeout=clock.left(deadline))
            if event is None:
                return
            if event.ref is not None:
                seen.add(event.ref)
                for task in running.get(event.ref, ()):
                    task.take(event, report)
            else:  # SYNCED: the server has no record of those that it did not send.
                for task in (task for ref, group in running.items() if ref not in seen for task in group):
                    task.lose()
            running = running_tasks(task for group in running.values() for task in group)
