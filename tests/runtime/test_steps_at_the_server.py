"""Steps that the server carries out as tasks: progress, cancel, and the objects that they have made."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from scripted.cloning import SOON, CloningVMs, Script, UndoneInSteps, script_of, sent
from scripted.driver import ScriptedFeed, ScriptedSession, ScriptedTasks, ScriptedVMs

import hvlib
from hvlib.actions import Clone
from hvlib.driver import Batch, Gone, NotSent, Reached, Started, Steps, Upsert, steps
from hvlib.model.errors import HvlibError, InvalidState, PermissionDenied, QuotaExceeded
from hvlib.model.query import make_query
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, TaskRecord
from hvlib.model.task import Failure

SEEN_SECONDS = 5.0
"""The seconds after which a task goes on although nobody has seen its progress."""


RUNNING = {"state": "running", "progress": 0.0, "result": None, "error": None}
"""The record of a task of the server's that has begun."""


class Cloner(CloningVMs):
    """Clones by the server's task ``copy``, then gives the copy a name."""

    def begin(self, task: str) -> Started:
        self.session.happen(task)
        return Started(self.session.context.ref(TaskRecord, task))

    @steps(Clone)
    def clone(self, vm: Ref, clone: Clone, steps: Steps) -> Ref | None:
        copy = steps.run(lambda: self.begin("copy"), undo=self.remove)
        steps.call(lambda: self.change("name"))
        return copy


class TaskUndone(Cloner):
    """Undoes by the server's task ``removal``."""

    def remove(self, ref: Ref) -> Started:
        return self.begin("removal")


class ReachedUndone(Cloner):
    """Undoes by a request whose outcome shows on the object."""

    def remove(self, ref: Ref) -> Reached:
        super().remove(ref)
        return Reached(ref, {"power_state": "halted"}, timeout=0.1)


class Swallower(Cloner):
    """Goes on whatever happens to its step."""

    @steps(Clone)
    def clone(self, vm: Ref, clone: Clone, steps: Steps) -> Ref | None:
        with suppress(HvlibError):
            steps.run(lambda: self.begin("copy"), undo=self.remove)
        return vm


@pytest.fixture
def script() -> Script:
    made = script_of(Cloner, "b")
    made[1].tasks["copy"] = dict(RUNNING)
    return made


def made(session: ScriptedSession) -> Ref:
    return session.context.ref(VM, "b")


def news(session: ScriptedSession, task: str, **values: object) -> Callable[[Any], Batch]:
    """A step of a feed: a task has these values now."""

    def make(query: Any) -> Batch:
        session.tasks[task].update(values)
        return Batch([Upsert(ScriptedTasks(session).record(task, query))], synced=True)

    return make


def await_progress(task: hvlib.Task[Any], progress: float) -> None:
    deadline = time.monotonic() + SEEN_SECONDS
    while task.progress != progress:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_the_progress_is_that_of_the_step(script: Script) -> None:
    _, session, vm = script
    seen = threading.Event()
    done = news(session, "copy", state="succeeded", result=made(session))

    def done_once_seen(query: Any) -> Batch:
        seen.wait(SEEN_SECONDS)
        return done(query)

    session.feeds.append(ScriptedFeed(news(session, "copy", progress=0.25), done_once_seen))
    task = vm.clone("copy")
    await_progress(task, 0.25)
    seen.set()
    assert task.wait(timeout=SOON).ref == made(session)
    assert task.progress == 1.0


@pytest.mark.parametrize("state", ["cancelled", "succeeded"])
def test_a_cancel_goes_to_the_server_and_its_outcome_is_awaited(script: Script, state: str) -> None:
    """The object is removed that the cancelled task has made all the same."""
    _, session, vm = script
    outcome = news(session, "copy", state=state, result=made(session))
    session.feeds.extend([ScriptedFeed(news(session, "copy", progress=0.25)), ScriptedFeed(outcome)])
    task = vm.clone("copy")
    await_progress(task, 0.25)
    task.cancel()
    with pytest.raises(hvlib.TaskCancelled) as caught:
        task.wait(timeout=SOON)
    assert sent(session) == ["copy", "cancel copy", "remove b"]
    assert caught.value.left == ()


def test_a_step_that_can_not_be_cancelled_is_awaited(script: Script) -> None:
    _, session, vm = script
    session.plan("cancel copy", InvalidState("this task can't be cancelled"))
    done = news(session, "copy", state="succeeded", result=made(session))
    session.feeds.extend([ScriptedFeed(news(session, "copy", progress=0.25)), ScriptedFeed(done)])
    task = vm.clone("copy")
    await_progress(task, 0.25)
    task.cancel()
    with pytest.raises(hvlib.TaskCancelled):
        task.wait(timeout=SOON)
    assert sent(session) == ["copy", "cancel copy", "remove b"]


def test_an_object_of_a_failed_step_is_removed(script: Script) -> None:
    _, session, vm = script
    failed = news(
        session, "copy", state="failed", result=made(session), error=Failure("QuotaExceeded", "no space for its disks")
    )
    session.feeds.append(ScriptedFeed(failed))
    with pytest.raises(QuotaExceeded, match="no space"):
        vm.clone("copy").wait(timeout=SOON)
    assert sent(session) == ["copy", "remove b"]


def test_a_step_that_can_not_be_watched_any_more_is_cancelled_and_read(script: Script) -> None:
    """So the object is known that it has made."""
    _, session, vm = script
    session.feeds.append(ScriptedFeed(news(session, "copy", progress=0.25), PermissionDenied("no more events")))
    session.plan("cancel copy", lambda: session.tasks["copy"].update(state="cancelled", result=made(session)))
    with pytest.raises(PermissionDenied, match="no more events") as caught:
        vm.clone("copy").wait(timeout=SOON)
    assert sent(session) == ["copy", "cancel copy", "remove b"]
    assert caught.value.left == ()


def undone_at_the_server(script: Script, adapter: type[Cloner], *removal: Any) -> Sequence[Ref]:
    """The objects that a refused clone names as left, if a feed follows its undo by these steps."""
    _, session, vm = script
    session.vms_adapter = adapter
    session.plan("name", InvalidState("no"))
    session.tasks["removal"] = dict(RUNNING)
    session.feeds.append(ScriptedFeed(news(session, "copy", state="succeeded", result=made(session))))
    session.feeds.append(ScriptedFeed(*removal))
    with pytest.raises(InvalidState, match="no") as caught:
        vm.clone("copy").wait(timeout=SOON)
    return caught.value.left


def test_an_undo_at_the_server_is_followed_to_its_end(script: Script) -> None:
    session = script[1]
    failed = news(session, "removal", state="failed", error=Failure("PermissionDenied", "not allowed"))
    left = undone_at_the_server(script, TaskUndone, news(session, "removal", progress=0.5), failed)
    assert sent(session) == ["copy", "name", "removal"]
    assert left == (made(session),)


def test_an_undo_of_several_steps_is_not_repeated_as_a_whole(script: Script) -> None:
    _, session, vm = script
    session.vms_adapter = UndoneInSteps
    session.plan("name", InvalidState("no"))
    session.plan("destroy", *[NotSent("refused")] * 20)
    with pytest.raises(InvalidState, match="no") as caught:
        vm.clone("copy").wait(timeout=SOON)
    assert sent(session)[:3] == ["plug", "name", "unplug"]
    assert set(sent(session)[3:]) == {"destroy"}
    assert caught.value.left == (vm.ref,)


def test_a_second_cancel_does_not_interrupt_the_undo(script: Script) -> None:
    _, session, vm = script
    session.vms_adapter = UndoneInSteps
    begun = threading.Event()
    tasks: list[hvlib.Task[hvlib.VM]] = []

    def cancel_twice() -> None:
        assert begun.wait(SOON)
        tasks[0].cancel()
        tasks[0].cancel()

    session.plan("name", InvalidState("no"))
    session.plan("unplug", cancel_twice)
    tasks.append(vm.clone("copy"))
    begun.set()
    with pytest.raises(InvalidState, match="no") as caught:
        tasks[0].wait(timeout=SOON)
    assert sent(session) == ["plug", "name", "unplug", "destroy"]
    assert caught.value.left == ()


def test_an_undo_whose_record_is_gone_may_not_have_removed_its_object(script: Script) -> None:
    session = script[1]
    gone = Batch([Gone(session.context.ref(TaskRecord, "removal"))], synced=True)
    left = undone_at_the_server(script, TaskUndone, news(session, "removal", progress=0.5), gone)
    assert left == (made(session),)


def test_an_undo_that_shows_on_its_object_is_followed(script: Script) -> None:
    session = script[1]
    running = ScriptedVMs(session).record("b", make_query(VM, ScriptedVMs.fields))
    left = undone_at_the_server(script, ReachedUndone, Batch([Upsert(running)], synced=True))
    assert left == (made(session),)


def test_a_step_that_made_nothing_is_undone(script: Script) -> None:
    _, session, vm = script
    session.vms_adapter = UndoneInSteps
    session.plan("name", InvalidState("no"))
    with pytest.raises(InvalidState, match="no"):
        vm.clone("copy").wait(timeout=SOON)
    assert sent(session) == ["plug", "name", "unplug", "destroy"]


def test_a_driver_can_not_go_on_after_a_cancelled_step(script: Script) -> None:
    _, session, vm = script
    session.vms_adapter = Swallower
    cancelled = news(session, "copy", state="cancelled")
    session.feeds.extend([ScriptedFeed(news(session, "copy", progress=0.25)), ScriptedFeed(cancelled)])
    task = vm.clone("copy")
    await_progress(task, 0.25)
    task.cancel()
    with pytest.raises(hvlib.TaskCancelled):
        task.wait(timeout=SOON)


def test_a_step_that_still_runs_is_named(script: Script) -> None:
    """The server refuses to let the step be watched, read or cancelled."""
    _, session, vm = script
    session.feeds.append(ScriptedFeed(news(session, "copy", progress=0.25), PermissionDenied("no more events")))
    session.plan("cancel copy", PermissionDenied("not allowed"))
    session.plan("get", *[PermissionDenied("not allowed")] * 50)
    with pytest.raises(PermissionDenied, match="no more events") as caught:
        vm.clone("copy").wait(timeout=SOON)
    assert caught.value.left == (session.context.ref(TaskRecord, "copy"),)


def test_closing_awaits_a_step_and_undoes_it(script: Script) -> None:
    provider, session, vm = script
    session.feeds.append(ScriptedFeed(news(session, "copy", progress=0.25)))

    def refuse() -> None:
        threading.Timer(0.1, lambda: session.tasks["copy"].update(state="succeeded", result=made(session))).start()
        raise InvalidState("this task can't be cancelled")

    session.plan("cancel copy", refuse)
    task = vm.clone("copy")
    await_progress(task, 0.25)
    provider.close()
    assert sent(session) == ["copy", "cancel copy", "remove b"]
    assert task.left == ()


def test_an_undo_whose_record_vanishes_at_the_close_may_not_have_removed_its_object(script: Script) -> None:
    provider, session, vm = script
    session.vms_adapter = TaskUndone
    session.tasks["removal"] = dict(RUNNING)
    session.feeds.append(ScriptedFeed(news(session, "copy", progress=0.25)))
    session.plan("cancel copy", lambda: session.tasks["copy"].update(state="cancelled", result=made(session)))
    session.plan("removal", lambda: session.tasks.pop("removal"))
    task = vm.clone("copy")
    await_progress(task, 0.25)
    provider.close()
    assert task.state == "cancelled"
    assert task.left == (made(session),)
