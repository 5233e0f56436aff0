"""Operation: the part of a task that follows the operation; the base class of three ways to follow one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from hvlib.model.actions import Action, Delete
from hvlib.model.arguments import function, seconds
from hvlib.model.errors import HvlibError, NotFound, TaskTimeout
from hvlib.model.event import Event
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource
from hvlib.runtime.clock import Clock
from hvlib.runtime.shared_watch import Inbox, News, Read, SharedWatch
from hvlib.runtime.translation import copied, locate, locating

__all__ = ["Operation", "Report", "Waiting", "read_results"]

Report = Callable[["Operation", float], object]
"""Called with an operation and its progress, 0.0 to 1.0."""


class Operation(ABC):
    """`hvlib.model.task.Follower`, with the parts that all followers share: waiting, and reading the result.

    | shared: the watch that follows the provider's objects
    | target: the object that the action works on; None for a creation
    | action: the action; None for a task that was not begun here
    | ref: the ref of the task's record; None where there is no record of it
    """

    def __init__(
        self, shared: SharedWatch, operation: str, target: Ref | None, action: Action | None, ref: Ref | None
    ) -> None:
        self.shared = shared
        self.provider: Any = shared.manager.provider
        self.operation = operation
        self.target = target
        self.action = action
        self.ref = ref
        self.left: tuple[Ref, ...] = ()
        self.result_read = False
        self._result: Any = None

    @property
    @abstractmethod
    def state(self) -> str:
        """`Task.state`."""

    @property
    @abstractmethod
    def progress(self) -> float | None:
        """`Task.progress`."""

    @property
    def started_at(self) -> datetime | None:
        """`Task.started_at`."""
        return None

    @property
    @abstractmethod
    def error(self) -> HvlibError | None:
        """`Task.error`."""

    @property
    @abstractmethod
    def ended(self) -> bool:
        """Whether the operation is known to have ended. Sends nothing."""

    @abstractmethod
    def cancel(self) -> None:
        """`Task.cancel`."""

    @abstractmethod
    def result_ref(self) -> Ref | None:
        """The ref of the object that is read as the result; None if there is no result."""

    def queries(self) -> Sequence[Query[Any]]:
        """Queries for the objects of the server that show the operation's progress. Logs in."""
        return ()

    @property
    def overdue(self) -> float | None:
        """The time, on the provider's clock, from which the operation counts as failed; None: it may take any time."""
        return None

    def expire(self) -> None:
        """Record that the operation is `overdue`: it has failed."""
        return

    def take(self, event: Event[Any]) -> float | None:  # noqa: ARG002 -- without queries there are no events
        """Take in a change of one of the objects of `queries`. Returns the progress if it has changed, else None."""
        return None

    def listening(self, inbox: Inbox, read: Read) -> AbstractContextManager[None]:  # noqa: ARG002
        """Until the end of the block, put the progress of an operation of this process into ``inbox``, for ``read``."""
        return nullcontext()

    @property
    def result(self) -> Any:
        """`Task.result`."""
        if self.state != "succeeded":
            return None
        read_results([self])
        return self.take_result()

    def wait(self, timeout: float, on_progress: Callable[[float], object] | None) -> Any:
        """`Task.wait`."""
        with locating(self.provider):
            function("on_progress", on_progress)
            seconds("timeout", timeout)
        report = None if on_progress is None else lambda _, fraction: on_progress(fraction)
        waiting = Waiting([self], report)
        waiting.wait(timeout)
        refusal = waiting.refusal(self, timeout)
        if refusal is not None:
            raise refusal
        read_results([self])
        return self.take_result()

    def refusal(self, timeout: float) -> HvlibError | None:
        """The error that `wait` raises in the end; None if the operation succeeded."""
        if not self.ended:
            late = f"{self.operation} still runs after {timeout:g} s"
            return self.located(TaskTimeout(late, hint="wait again: the task continues"))
        return self.error

    def keep_result(self, record: Resource | None) -> None:
        """Keep the result that was read."""
        self._result, self.result_read = record, True

    def take_result(self) -> Any:
        """The result that `read_results` read. Raises `NotFound` if it is gone.

        Returns None instead for a task that was not begun here: it may have been a deletion.
        """
        ref = self.result_ref()
        if self._result is None and ref is not None and self.action is not None:
            raise self.located(NotFound(f"{self.operation} succeeded, but {ref.kind} {ref.id} is gone now"))
        return self._result

    @property
    def deletes(self) -> bool:
        """Whether the operation deletes its target."""
        return isinstance(self.action, Delete)

    def located(self, error: HvlibError) -> HvlibError:
        """The error, with its provider, object and task set."""
        error.ref, error.task = error.ref or self.target, error.task or self.ref
        return locate(error, self.provider)

    def __str__(self) -> str:
        return f"{self.operation}: {'ended' if self.ended else 'under way'}"


class Waiting:
    """One wait for operations of any providers.

    | errors: the operations that can't be followed any more, with the errors; the other operations are followed further
    """

    def __init__(self, operations: Iterable[Operation], report: Report | None) -> None:
        self.errors: dict[Operation, Exception] = {}
        self._report = report
        self._running = {operation for operation in operations if not operation.ended}
        self._bounded = [operation for operation in self._running if operation.overdue is not None]
        self.inbox: Inbox = SimpleQueue()

    def wait(self, timeout: float, stop: Callable[[], bool] = lambda: False) -> None:
        """Wait until all operations have ended, for ``timeout`` seconds at most.

        Also ends when ``stop`` returns True, which is called after each news.
        """
        with ExitStack() as stack, suppress(Empty):
            for group in by_provider(self._running):
                try:
                    self._begin(group, stack)
                except HvlibError as error:
                    self._give_up(group, error)
            clock = next(iter(self._running)).shared.manager.clock if self._running else Clock()
            deadline = clock.now() + timeout
            while self._running and not stop():
                self._take_next(clock, deadline)

    def refusal(self, operation: Operation, timeout: float) -> Exception | None:
        """The error that a wait for an operation ends with; None if the operation succeeded."""
        error = self.errors.get(operation)
        if error is None or operation.ended:
            return operation.refusal(timeout)
        own = copied(error)
        return operation.located(own) if isinstance(own, HvlibError) else own

    def _take_next(self, clock: Clock, deadline: float) -> None:
        """Handle the next news. Raises `queue.Empty` after the deadline."""
        bounded = [operation for operation in self._bounded if operation in self._running]
        first = min(bounded, key=lambda operation: operation.overdue or deadline, default=None)
        until = deadline if first is None or first.overdue is None else min(first.overdue, deadline)
        try:
            read, news = clock.get(self.inbox, clock.left(until))
        except Empty:
            if first is None or until >= deadline:
                raise
            first.expire()
            self._took(first, None)
            return
        read(news)

    def _begin(self, group: Sequence[Operation], stack: ExitStack) -> None:
        """Follow one provider's operations: with one subscription for all that have objects on the server."""
        queries = [(operation, query) for operation in group for query in operation.queries()]
        followed: dict[Ref, list[Operation]] = {}
        for operation, query in queries:
            for ref in query.refs or ():
                followed.setdefault(ref, []).append(operation)
        if queries:
            read = partial(self._changed, followed)
            stack.enter_context(group[0].shared.subscribe([query for _, query in queries], self.inbox, read))
        for operation in group:
            stack.enter_context(operation.listening(self.inbox, partial(self._took, operation)))

    def _changed(self, followed: Mapping[Ref, Sequence[Operation]], news: News) -> None:
        """Handle news of a server's object: a change, or the error that ends the subscription."""
        if isinstance(news, Exception):
            self._give_up([operation for group in followed.values() for operation in group], news)
            return
        assert news.ref is not None
        for operation in followed[news.ref]:
            self._took(operation, operation.take(news))

    def _took(self, operation: Operation, news: float | Exception | None) -> None:
        """Handle news of an operation: its progress, None if that has not changed, or the error that ends following."""
        if operation not in self._running:
            return
        if isinstance(news, Exception):
            self._give_up([operation], news)
            return
        if operation.ended:
            self._running.remove(operation)
            news = operation.progress
        if self._report is not None and news is not None:
            self._report(operation, news)

    def _give_up(self, operations: Iterable[Operation], error: Exception) -> None:
        self.errors.update(dict.fromkeys(operations, error))
        self._running.difference_update(operations)


def by_provider(operations: Iterable[Operation]) -> list[list[Operation]]:
    """Group operations by their provider."""
    groups: dict[int, list[Operation]] = {}
    for operation in operations:
        groups.setdefault(id(operation.provider), []).append(operation)
    return list(groups.values())


def read_results(operations: Iterable[Operation]) -> None:
    """Read the results of operations that succeeded: one round trip for each provider and kind."""
    for group in by_provider(operation for operation in operations if not operation.result_read):
        refs = {operation: operation.result_ref() for operation in group}
        records = group[0].provider.get_many([ref for ref in refs.values() if ref is not None])
        for operation, ref in refs.items():
            operation.keep_result(records.get(ref) if ref is not None else None)
