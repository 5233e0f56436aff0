"""One watch for all waits: an object that can't be read ends only the waits for it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from hvlib_sim.lab.lab import Lab
from scripted.driver import ScriptedFeed, ScriptedSession, scripted

import hvlib
from hvlib.driver import Batch, Upsert
from hvlib.model.errors import PermissionDenied

SOON = 20.0


def batch(session: ScriptedSession, **states: str) -> Any:
    """A step of a feed: a batch with these VMs in these states, after which the feed is synced."""

    def make(query: Any) -> Batch:
        for id, state in states.items():
            session.vms[id]["power_state"] = state
        adapter: Any = session.vms_adapter(session)
        return Batch([Upsert(adapter.record(id, query)) for id in states], synced=True)

    return make


def test_many_waits_take_one_subscription_at_a_time() -> None:
    lab = Lab.named(f"lab-{uuid4().hex}", vms=60, task_time=0.5)
    with hvlib.connect(f"sim://{lab.name}") as provider, ThreadPoolExecutor(40) as threads:
        vms = provider.compute.vms.get_all(power_state="halted").all()
        tasks = [vm.start() for vm in vms]
        waits = [threads.submit(task.wait, timeout=SOON) for task in tasks]
        assert len([thread for thread in threading.enumerate() if thread.name == "hvlib-shared-watch"]) <= 1
        assert {wait.result().power_state for wait in waits} == {"running"}


def test_an_object_that_cannot_be_read_ends_only_its_wait() -> None:
    provider, session = scripted(a={}, b={})
    a, b = provider.compute.vms.get_all()
    first, refused, again = ScriptedFeed(batch(session, a="running")), ScriptedFeed(PermissionDenied("no")), None
    again = ScriptedFeed(batch(session, a="running"), batch(session, a="halted"))
    session.feeds.extend([first, refused, again])
    with ThreadPoolExecutor(1) as threads:
        wait = threads.submit(a.wait_for, power_state="halted", timeout=SOON)
        assert first.waiting.wait(SOON)
        with pytest.raises(PermissionDenied, match="no"):
            b.wait_for(power_state="halted", timeout=SOON)
        assert wait.result().power_state == "halted"


def test_each_wait_has_an_error_of_its_own() -> None:
    provider, session = scripted(a={})
    [a] = provider.compute.vms.get_all()
    session.feeds.append(ScriptedFeed(batch(session, a="running"), PermissionDenied("no")))
    session.feeds.append(ScriptedFeed(PermissionDenied("no")))
    session.feeds.append(ScriptedFeed(PermissionDenied("no")))
    with ThreadPoolExecutor(2) as threads:
        waits = [threads.submit(a.wait_for, power_state="halted", timeout=SOON) for _ in range(2)]
        one, two = (wait.exception() for wait in waits)
    assert isinstance(one, PermissionDenied)
    assert isinstance(two, PermissionDenied)
    assert one is not two


def test_the_outcome_of_a_task_is_kept_while_others_are_awaited() -> None:
    """The server may drop the task's record meanwhile."""
    lab = Lab.named(f"lab-{uuid4().hex}", vms=12, task_time=0.05)
    with hvlib.connect(f"sim://{lab.name}") as provider:
        [first, second, *_] = provider.compute.vms.get_all(power_state="halted")
        started, other = first.start(), second.start()
        stopped: list[hvlib.Task[hvlib.VM]] = []

        def forget(task: hvlib.Task[Any], progress: float) -> None:
            if task is started and progress == 1.0 and not stopped:
                with lab.at_work() as engine:
                    engine.store.remove(engine.store.get(type(engine.store.all(_task_type())[0]), task.ref.id))
                stopped.append(task)

        hvlib.wait_all([started, other], timeout=SOON, on_progress=forget)
        assert started.state == "succeeded"


def _task_type() -> Any:
    from hvlib_sim.lab.objects import Task

    return Task
