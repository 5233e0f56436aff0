"""Own tasks: each ended task is removed once, and a task that may still be on the server is not forgotten."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from hvlib_xenapi.own_tasks import OwnTasks

from hvlib.driver import NotSent, SessionLost
from hvlib.model.errors import ConnectionFailed, HvlibError, NotFound


class Caller:
    """A caller that notes which tasks are destroyed, or fails."""

    def __init__(self, error: HvlibError | None = None) -> None:
        self.destroyed: list[str] = []
        self.error = error

    def call(self, name: str, parameters: Sequence[Any], **_: Any) -> None:
        assert name == "task.destroy"
        self.destroyed += parameters
        if self.error is not None:
            raise self.error


def remove(tasks: OwnTasks, caller: Any) -> list[str]:
    tasks.remove_ended(caller, time.monotonic() + 60)
    return list(caller.destroyed)


def test_an_ended_task_is_destroyed_once() -> None:
    tasks = OwnTasks()
    tasks.begin("OpaqueRef:1")
    assert remove(tasks, Caller()) == []
    tasks.end("OpaqueRef:1")
    tasks.end("OpaqueRef:2")  # Another client's task.
    assert remove(tasks, Caller()) == ["OpaqueRef:1"]
    assert remove(tasks, Caller()) == []


@pytest.mark.parametrize("lost", [SessionLost("gone"), NotSent("not sent"), ConnectionFailed("broke")])
def test_a_task_that_may_still_be_there_is_destroyed_the_next_time(lost: HvlibError) -> None:
    tasks = OwnTasks()
    tasks.begin("OpaqueRef:1")
    tasks.end("OpaqueRef:1")
    with suppress(SessionLost, NotSent):
        remove(tasks, Caller(lost))
    assert remove(tasks, Caller()) == ["OpaqueRef:1"]


def test_a_task_that_the_server_no_longer_has_is_forgotten() -> None:
    tasks = OwnTasks()
    tasks.begin("OpaqueRef:1")
    tasks.end("OpaqueRef:1")
    remove(tasks, Caller(NotFound("gone")))
    assert remove(tasks, Caller()) == []


def test_threads_destroy_each_task_once() -> None:
    tasks, threads = OwnTasks(), 8
    names = {f"OpaqueRef:{number}" for number in range(4000)}
    for name in names:
        tasks.begin(name)
        tasks.end(name)
    barrier = threading.Barrier(threads)

    def take() -> list[str]:
        barrier.wait()
        return remove(tasks, Caller())

    with ThreadPoolExecutor(threads) as pool:
        taken = [name for each in [pool.submit(take) for _ in range(threads)] for name in each.result()]
    assert sorted(taken) == sorted(names)
