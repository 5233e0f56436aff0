"""StepsRun: one run of an action's code, step by step, and the cleanup after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import msgspec

from hvlib.driver import Done, NotSent, Outcome, Reached, SessionLost, Started
from hvlib.model.errors import Closed, ConnectionFailed, HvlibError, NotFound, RateLimited, TaskFailed
from hvlib.model.ref import Ref
from hvlib.runtime.operation import Operation, Waiting
from hvlib.runtime.reached_task import ReachedTask
from hvlib.runtime.retry import action_repeatable
from hvlib.runtime.server_task import ServerTask
from hvlib.runtime.steps.remains import Remains
from hvlib.runtime.steps.task import StepsTask

__all__ = ["StepsRun"]

T = TypeVar("T")

FOREVER = 1e8
"""Seconds: longer than any step takes."""

POLL_SECONDS = 0.2
"""Seconds between two reads of an operation that can't be watched any more, or whose provider is being closed."""


class Cleanup(msgspec.Struct, frozen=True, eq=False):
    """A call to make at the end of the run; with ``always``, after success too.

    | do: the call
    | about: its arguments
    """

    do: Callable[..., object]
    about: tuple[Any, ...]
    always: bool

    def repeats(self, other: Cleanup) -> bool:
        """Whether the other call is the same one."""
        return (self.do, self.about) == (other.do, other.about)


class StepsRun:
    """`hvlib.driver.Steps`."""

    def __init__(self, task: StepsTask) -> None:
        self._task = task
        self._shared = task.shared
        self._manager = task.shared.manager
        self._cleanups: list[Cleanup] = []
        self._undoing = False
        self._requests = 0

    def read(self, call: Callable[[], T]) -> T:
        """`Steps.read`."""
        self._check()
        return self._manager.read(call)

    def call(self, call: Callable[[], T], *, undo: Callable[[T], object] | None = None) -> T:
        """`Steps.call`."""
        made = self._send(call)
        self._undo_with(undo, made)
        return made

    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        """`Steps.run`."""
        outcome = self._send(call)
        if isinstance(outcome, Done):
            self._undo_with(undo, outcome.result)
            return outcome.result
        operation = self._operation(outcome)
        try:
            self._follow(operation)
        except HvlibError as error:
            self._abandon(operation, error)
            raise
        finally:
            if operation.made is not None or (operation.ended and operation.error is None):
                self._undo_with(undo, operation.made)
        self._check_end(operation)
        return operation.made

    def until(
        self,
        ref: Ref,
        values: Mapping[str, object],
        *,
        fails: Mapping[str, object] | None = None,
        timeout: float | None = None,
    ) -> None:
        """`Steps.until`."""
        self._check()
        operation = self._operation(Reached(ref, values, fails or {}, timeout))
        self._follow(operation)
        self._check_end(operation)

    def afterwards(self, do: Callable[..., object], *about: Any) -> None:
        """`Steps.afterwards`."""
        self._cleanups.append(Cleanup(do, about, always=True))

    def clean_up(self, failed: bool) -> Remains:
        """Make the cleanup calls: all of them if the run ``failed``, else the calls that are always made."""
        self._undoing = True
        failures: dict[Cleanup, HvlibError] = {}
        cleaned: set[Ref] = set()
        with self._manager.finishing():
            for cleanup in reversed(self._cleanups):
                if failed or cleanup.always:
                    self._clean_and_note(cleanup, failures, cleaned)
            left = [ref for cleanup, error in failures.items() for ref in self._named(error, cleanup)]
            remains = Remains(tuple(dict.fromkeys(left)), tuple(map(str, failures.values())))
            return remains.without_removed(self._manager, cleaned)

    def _clean_and_note(self, cleanup: Cleanup, failures: dict[Cleanup, HvlibError], cleaned: set[Ref]) -> None:
        """Make a cleanup call. Note its failure; after a success, its objects, and forget failures of equal calls."""
        try:
            self._clean(cleanup)
        except NotFound:  # No failure. But an earlier call may have failed after it had removed the object.
            return
        except HvlibError as error:
            failures[cleanup] = error
            return
        for other in [each for each in failures if each.repeats(cleanup)]:
            del failures[other]
        cleaned.update(self._refs(cleanup))

    def _named(self, error: HvlibError, cleanup: Cleanup) -> Sequence[Ref]:
        """The objects that a failed cleanup left: the error's, else the cleanup call's arguments, else the target."""
        target = self._task.target
        return list(error.left) or self._refs(cleanup) or ([] if target is None else [target])

    @staticmethod
    def _refs(cleanup: Cleanup) -> list[Ref]:
        """The objects among the arguments of a cleanup call."""
        return [each for each in cleanup.about if isinstance(each, Ref)]

    def _clean(self, cleanup: Cleanup) -> None:
        """Make a cleanup call, and follow what it has begun to the end."""
        outcome = self._manager.send(partial(self._call_once, cleanup), action_repeatable)
        if isinstance(outcome, (Started, Reached)):
            operation = self._operation(outcome)
            self._follow(operation)
            self._check_end(operation)

    def _call_once(self, cleanup: Cleanup) -> object:
        """Make a call. If it makes requests by steps, these are repeated one by one, and the call as a whole is not."""
        requests = self._requests
        try:
            return cleanup.do(*cleanup.about)
        except (SessionLost, NotSent, RateLimited) as error:
            if self._requests == requests:
                raise
            broken = ConnectionFailed(f"a cleanup was broken off: {error}", native=error.native)
            broken.left = error.left
            raise broken from error

    def _check(self) -> None:
        if not self._undoing:
            self._task.check()

    def _send(self, call: Callable[[], T]) -> T:
        self._check()
        self._requests += 1
        if not self._undoing:
            self._task.go_on(None)
        return self._manager.send(call, action_repeatable)

    def _undo_with(self, undo: Callable[[Any], object] | None, made: Any) -> None:
        if undo is not None:
            self._cleanups.append(Cleanup(undo, (made,), always=False))

    def _operation(self, outcome: Started | Reached) -> ServerTask | ReachedTask:
        task = self._task
        if isinstance(outcome, Reached):
            return ReachedTask(self._shared, task.operation, outcome.ref, None, outcome)
        return ServerTask(self._shared, task.operation, None, ref=outcome.task, outcome=outcome.result)

    def _follow(self, operation: ServerTask | ReachedTask) -> None:
        """Follow an operation to its end. Once the task is cancelled, the server is asked to cancel the operation.

        If the operation is the wait for an object's state, the wait ends at once: the object is known already.
        """
        self._await(operation, cancellable=not self._undoing)
        if operation.ended:
            return
        if isinstance(operation, ReachedTask):
            self._task.check()
        with self._manager.finishing():
            with suppress(HvlibError):
                operation.cancel()
            self._await(operation, cancellable=False)

    def _abandon(self, operation: ServerTask | ReachedTask, error: HvlibError) -> None:
        """Cancel a server's task that can't be watched any more, and poll it, to learn which object it has made."""
        with self._manager.finishing(), suppress(HvlibError):
            with suppress(HvlibError):
                operation.cancel()
            self._poll(operation)
        if not operation.ended and operation.ref is not None:
            error.left = [*error.left, operation.ref]

    def _await(self, operation: Operation, *, cancellable: bool) -> None:
        report = None if self._undoing else lambda _, progress: self._task.go_on(progress)
        waiting = Waiting([operation], report)
        with self._task.waking(waiting.inbox):
            waiting.wait(FOREVER, lambda: cancellable and self._task.cancelled)
        error = waiting.errors.get(operation)
        if not isinstance(error, Closed):
            if error is not None and not operation.ended:
                raise error
        elif not cancellable:
            self._poll(operation)

    def _poll(self, operation: Operation) -> None:
        """Read an operation's state repeatedly until it has ended. It can't be watched any more."""
        try:
            while not operation.ended and operation.state in ("queued", "running"):
                self._manager.sleep(POLL_SECONDS)
        except NotFound as error:  # Its record is gone. Its object may exist.
            raise TaskFailed(str(error)) from error

    def _check_end(self, operation: Operation) -> None:
        """Raise the error that an operation ended with. After a success, return, so that the next step follows."""
        if (error := operation.error) is None:
            return
        if not self._undoing:
            self._task.check()
        if operation.state == "unknown":  # Its record is gone. Its object may exist.
            raise TaskFailed(str(error)) from error
        raise error
