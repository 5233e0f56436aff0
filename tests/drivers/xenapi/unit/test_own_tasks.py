"""Own tasks: each that is over is given out once, and nothing is forgotten of one that may still be there."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from hvlib_xenapi.own_tasks import OwnTasks

from hvlib.model.ref import Ref

MADE = Ref(str(UUID(int=1)), "VM", "OpaqueRef:made")


def test_what_is_put_back_is_still_known() -> None:
    tasks = OwnTasks()
    tasks.begin("OpaqueRef:1", MADE)
    tasks.saw("OpaqueRef:1", "running")
    assert tasks.take() is None
    tasks.saw("OpaqueRef:1", "succeeded")
    tasks.saw("OpaqueRef:2", "succeeded")  # Somebody else's.
    assert tasks.take() == "OpaqueRef:1"
    assert tasks.take() is None
    tasks.put_back("OpaqueRef:1")
    assert tasks.result("OpaqueRef:1") == MADE
    assert tasks.take() == "OpaqueRef:1"
    tasks.forget("OpaqueRef:1")
    assert tasks.result("OpaqueRef:1") is None


def test_threads_take_each_once() -> None:
    tasks, threads = OwnTasks(), 8
    names = {f"OpaqueRef:{number}" for number in range(4000)}
    for name in names:
        tasks.begin(name)
        tasks.saw(name, "failed")
    together = threading.Barrier(threads)

    def take() -> list[str]:
        together.wait()
        return list(iter(tasks.take, None))

    with ThreadPoolExecutor(threads) as pool:
        taken = [name for each in [pool.submit(take) for _ in range(threads)] for name in each.result()]
    assert sorted(taken) == sorted(names)
