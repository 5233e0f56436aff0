"""StepsRunner: runs a provider's actions that take several requests, a limited number at a time."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from hvlib.driver import Adapter
from hvlib.model.actions import Action
from hvlib.model.errors import DriverBug, HvlibError, TaskCancelled
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import TaskRecord
from hvlib.runtime.shared_watch import SharedWatch
from hvlib.runtime.steps.cancellation import Cancellation
from hvlib.runtime.steps.run import StepsRun
from hvlib.runtime.steps.task import StepsTask
from hvlib.runtime.translation import closed_error

__all__ = ["StepsRunner"]

UNDO_SECONDS = 10.0
"""How many seconds undoing the steps may take after the provider is closed."""

NOT_UNDONE = "could not be undone"
"""The beginning of an error's notes on failed cleanup calls."""

MAX_KEPT = 1000
"""How many ended tasks are kept, so that they can be read by their refs."""


class StepsRunner:
    """The tasks of one provider that this process carries out: ``limit`` at a time; the others are queued.

    Its threads are not daemons, so the end of a script waits for them.
    """

    def __init__(self, shared: SharedWatch, limit: int) -> None:
        self._shared = shared
        self._limit = limit
        self._tasks: dict[Ref, StepsTask] = {}
        self._pool: ThreadPoolExecutor | None = None
        self._futures: dict[Future[None], StepsTask] = {}
        self._closing = 0.0
        """The time of the first `close`, on the monotonic clock; 0 before."""
        self._begin_process()

    def begin(self, adapter: Adapter[Any], operation: str, target: Ref | None, action: Action) -> StepsTask:
        """Queue an action for a thread. Sends nothing."""
        self._check_process()
        task = StepsTask(self._shared, operation, target, action)
        assert task.ref is not None
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._limit, thread_name_prefix="hvlib-steps")
            self._forget()
            try:
                task.future = self._pool.submit(_carry_out, task, adapter)
            except RuntimeError as error:  # The pool, or the interpreter, is being shut down.
                raise closed_error(self._shared.manager.context.provider) from error
            self._tasks[task.ref] = task
            self._futures[task.future] = task
        task.future.add_done_callback(self._done)
        return task

    def find(self, ref: Ref) -> StepsTask | None:
        """The task of a ref, if this process has it."""
        return self._tasks.get(ref)

    def records(self, query: Query[TaskRecord], refs: Iterable[Ref]) -> dict[Ref, TaskRecord]:
        """The records of this process's tasks among ``refs``. Other refs are left out."""
        return {ref: task.record(query) for ref in refs if (task := self.find(ref)) is not None}

    def wait(self, seconds: float) -> None:
        """Wait until all tasks have ended, for ``seconds`` at most."""
        wait(self._running(), seconds)

    def cancel(self) -> None:
        """Cancel all running and queued tasks, and end every wait for them: the provider is being closed."""
        for task in self._running().values():
            task.close()

    def close(self) -> None:
        """Wait until the cancelled tasks have undone their steps: `UNDO_SECONDS` at most from the first call on."""
        self._closing = self._closing or time.monotonic()
        wait(self._running(), max(self._closing + UNDO_SECONDS - time.monotonic(), 0.0))
        if self._pool is not None:
            # In another thread: a signal handler may have interrupted the pool's `submit`, which holds its locks.
            threading.Thread(target=self._pool.shutdown, kwargs={"wait": False}, daemon=True).start()

    def _running(self) -> dict[Future[None], StepsTask]:
        self._check_process()
        with self._lock:
            return dict(self._futures)

    def _done(self, future: Future[None]) -> None:
        with self._lock:
            self._futures.pop(future, None)

    def _forget(self) -> None:
        """Forget the oldest ended tasks, if there are more than `MAX_KEPT`."""
        ended = [ref for ref, task in self._tasks.items() if task.ended]
        for ref in ended[: max(len(ended) - MAX_KEPT, 0)]:
            del self._tasks[ref]

    def _begin_process(self) -> None:
        self._process = os.getpid()
        self._lock = threading.RLock()  # Reentrant: a signal handler may close what its own thread begins.

    def _check_process(self) -> None:
        """Begin anew in a forked child, which has none of its parent's threads and none of its tasks."""
        if self._process == os.getpid():
            return
        self._begin_process()
        self._pool, self._futures = None, {}


def _carry_out(task: StepsTask, adapter: Adapter[Any]) -> None:
    """Run the adapter's code for the action, and clean up after it. The task ends, whatever the adapter does."""
    run = StepsRun(task)
    made, error = _take_steps(task, adapter, run)
    left: tuple[Ref, ...] = ()
    try:
        left = _clean_up(run, error)
    except BaseException as fault:
        error = _bug(fault)
    task.end(made, error, left)


def _take_steps(task: StepsTask, adapter: Adapter[Any], run: StepsRun) -> tuple[Ref | None, HvlibError | None]:
    """Run the adapter's code. Returns the object that it made, and its error."""
    try:
        task.check()
        task.begin()
        return adapter.take_steps(task.target, task.action, run), None
    except Cancellation:
        return None, TaskCancelled(f"{task.operation} was cancelled")
    except HvlibError as failure:
        return None, failure
    except BaseException as fault:
        return None, _bug(fault)


def _clean_up(run: StepsRun, error: HvlibError | None) -> tuple[Ref, ...]:
    """Clean up after an adapter's code. The error, if there is one, names what is left. Returns the same refs."""
    remains = run.clean_up(failed=error is not None)
    if error is None:
        return remains.left
    error.left = left = tuple(dict.fromkeys((*error.left, *remains.left)))
    for reason in remains.reasons:
        error.add_note(f"{NOT_UNDONE}: {reason}")
    if left:
        error.hint = error.hint or f"left behind: {' '.join(map(str, left))}"
    return left


def _bug(fault: BaseException) -> DriverBug:
    return DriverBug(f"unexpected {type(fault).__name__} in the driver: {fault}", native=fault)
