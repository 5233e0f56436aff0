"""wait_all: several tasks, of any providers, followed to their end together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar, cast

from hvlib.model.arguments import function, one_of, seconds
from hvlib.model.errors import HvlibError, InvalidQuery
from hvlib.model.task import DEFAULT_TIMEOUT, Task
from hvlib.runtime.server_task import (
    Report,
    ServerTask,
    by_provider,
    follow,
    read_results,
    running_tasks,
    watch_tasks,
)

__all__ = ["wait_all"]

Progress = Callable[[Task[Any], float], object]

T = TypeVar("T")


def wait_all(
    tasks: Iterable[Task[T]], *, timeout: float = DEFAULT_TIMEOUT, on_progress: Progress | None = None
) -> list[T]:
    """Wait for all, over one watch a provider; ``on_progress`` is called with a task and 0.0 to 1.0.

    Returns their results in order, read in one round trip a kind. When all have ended, or the time is over, raises an
    `ExceptionGroup` of what those would raise that failed or still run.
    """
    if isinstance(tasks, (str, bytes)) or not isinstance(tasks, Iterable):
        raise InvalidQuery(f"wait_all() takes tasks, not {tasks!r}")
    waited = [one_of("each of the tasks", task, Task) for task in tasks]
    seconds("timeout", timeout)
    function("on_progress", on_progress)
    followed = [cast(ServerTask, task.follower) for task in waited]
    errors_met = _follow_all(followed, timeout, _reporting(waited, on_progress))
    refusals = [(not task.ended and errors_met.get(task)) or task.refusal(timeout) for task in followed]
    failures = [refusal for refusal in refusals if refusal is not None]
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {len(waited)} tasks did not succeed", failures)
    read_results(followed)
    return [cast(T, task.take_result()) for task in followed]


def _reporting(tasks: Iterable[Task[Any]], on_progress: Progress | None) -> Report | None:
    if on_progress is None:
        return None
    held = {id(task.follower): task for task in tasks}
    return lambda follower, fraction: on_progress(held[id(follower)], fraction)


def _follow_all(tasks: list[ServerTask], timeout: float, report: Report | None) -> dict[ServerTask, HvlibError]:
    """Follow all, those of each provider in a thread: the errors of the providers that could not be followed."""
    groups = [group for group in by_provider(tasks) if running_tasks(group)]
    deadlines = [group[0].clock.now() + timeout for group in groups]
    met: dict[ServerTask, HvlibError] = {}
    with ThreadPoolExecutor(max_workers=max(len(groups), 1)) as pool, ExitStack() as watches:
        following = []
        for group, deadline in zip(groups, deadlines, strict=True):
            running = running_tasks(group)
            with _noted(met, group):
                watch = watches.enter_context(watch_tasks(group[0].provider, running, timeout))
                following.append((group, pool.submit(follow, watch, running, deadline, report)))
        for group, followed in following:  # Whatever ends this wait, Ctrl-C too, closes the watches: the threads end.
            with _noted(met, group):
                followed.result()
    return met


@contextmanager
def _noted(met: dict[ServerTask, HvlibError], group: Iterable[ServerTask]) -> Iterator[None]:
    """An error that keeps one provider's tasks from being followed is theirs; the other providers' go on."""
    try:
        yield
    except HvlibError as error:
        met.update(dict.fromkeys(group, error))
