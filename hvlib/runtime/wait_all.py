"""wait_all: wait for several tasks together, of any providers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from hvlib.model.arguments import function, one_of, seconds
from hvlib.model.errors import InvalidQuery
from hvlib.model.task import DEFAULT_TIMEOUT, Task
from hvlib.runtime.operation import Operation, Report, Waiting, read_results

__all__ = ["wait_all"]

Progress = Callable[[Task[Any], float], object]

T = TypeVar("T")


def wait_all(
    tasks: Iterable[Task[T]], *, timeout: float = DEFAULT_TIMEOUT, on_progress: Progress | None = None
) -> list[T]:
    """Wait for all tasks, with one watch for each provider. ``on_progress`` is called with a task and 0.0 to 1.0.

    Returns the tasks' results in their order, read in one round trip for each kind. When all tasks have ended, or after
    ``timeout`` seconds, raises an `ExceptionGroup` if some failed or still run: it has the error that each one's `wait`
    would raise.
    """
    if isinstance(tasks, (str, bytes)) or not isinstance(tasks, Iterable):
        raise InvalidQuery(f"wait_all() takes tasks, not {tasks!r}")
    waited = [one_of("each of the tasks", task, Task) for task in tasks]
    seconds("timeout", timeout)
    function("on_progress", on_progress)
    operations = [cast(Operation, task.follower) for task in waited]
    waiting = Waiting(operations, _reporting(waited, on_progress))
    waiting.wait(timeout)
    refusals = [waiting.refusal(each, timeout) for each in operations]
    failures = [refusal for refusal in refusals if refusal is not None]
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {len(waited)} tasks did not succeed", failures)
    read_results(operations)
    return [cast(T, each.take_result()) for each in operations]


def _reporting(tasks: Iterable[Task[Any]], on_progress: Progress | None) -> Report | None:
    if on_progress is None:
        return None
    task_of = {id(task.follower): task for task in tasks}
    return lambda operation, fraction: on_progress(task_of[id(operation)], fraction)
