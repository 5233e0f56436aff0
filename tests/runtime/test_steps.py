"""Actions of several requests: repeated requests, undone steps, tasks and their refs."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from scripted.cloning import SOON, WHOLE, ImageCloner, Script, UndoneInSteps, blocked, script_of, sent
from scripted.driver import scripted

import hvlib
from hvlib.actions import Clone
from hvlib.driver import Done, NotSent, SessionLost, Steps, steps
from hvlib.model.errors import ConnectionFailed, InvalidState, NotFound, PermissionDenied
from hvlib.model.ref import Ref
from hvlib.model.resources import VM


class RemovedTwice(ImageCloner):
    """Removes its image in the end, and when the image or a later request fails."""

    @steps(Clone)
    def clone(self, vm: Ref, clone: Clone, steps: Steps) -> Ref | None:
        image = steps.run(lambda: self.image(vm), undo=self.remove)
        steps.afterwards(self.remove, image)
        return steps.run(self.copy)


class TwiceChanged(ImageCloner):
    """Changes the VM in two steps, each with an undo of its own."""

    @steps(Clone)
    def clone(self, vm: Ref, clone: Clone, steps: Steps) -> Ref | None:
        steps.run(lambda: self.done("lock", vm), undo=lambda _: self.change("unlock"))
        steps.run(lambda: self.done("plug", vm), undo=self.unplug)
        steps.call(lambda: self.change("name"))
        return vm

    def done(self, name: str, vm: Ref) -> Done:
        self.change(name)
        return Done(vm)

    def unplug(self, vm: Ref) -> None:
        self.change("unplug")


class RemovedInTwoWays(ImageCloner):
    """Unplugs its image when a later request fails, and removes it in the end."""

    @steps(Clone)
    def clone(self, vm: Ref, clone: Clone, steps: Steps) -> Ref | None:
        image = self.image(vm).result
        steps.afterwards(self.remove, image)
        steps.run(lambda: self.done("plug", image), undo=self.unplug)
        return steps.run(self.copy)

    def done(self, name: str, image: Ref | None) -> Done:
        self.change(name)
        return Done(image)

    def unplug(self, image: Ref) -> None:
        self.change("unplug")


class UndoneAfterRead(UndoneInSteps):
    """Looks, and then undoes by one request."""

    def undo(self, steps: Steps) -> None:
        steps.read(lambda: self.change("look"))
        self.change("destroy")


class UndoneInStepAndRequest(UndoneInSteps):
    """Undoes in a step and a request."""

    def undo(self, steps: Steps) -> None:
        steps.call(lambda: self.change("unplug"))
        self.change("destroy")


@pytest.fixture
def script() -> Script:
    return script_of(ImageCloner, "disk", "image")


def test_the_call_sends_nothing_and_the_code_runs_from_top_to_bottom(script: Script) -> None:
    _, session, vm = script
    arrived, go_on = blocked(session, "look")
    task = vm.clone("copy")
    assert (task.state in ("queued", "running"), task.result) == (True, None)
    assert arrived.wait(SOON)
    assert task.state == "running"
    go_on.set()
    assert task.wait(timeout=SOON).ref == vm.ref
    assert (task.state, task.progress, task.error, task.left) == ("succeeded", 1.0, None, ())
    assert sent(session) == WHOLE


@pytest.mark.parametrize("error", [SessionLost("gone"), NotSent("refused")])
@pytest.mark.parametrize("call", WHOLE)
def test_only_the_request_that_the_server_did_not_act_on_is_repeated(
    script: Script, call: str, error: Exception
) -> None:
    _, session, vm = script
    session.plan(call, error)
    vm.clone("copy").wait(timeout=SOON)
    assert sent(session) == [each for name in WHOLE for each in ([name, name] if name == call else [name])]


def test_a_request_whose_reply_was_lost_is_not_repeated_and_the_steps_are_undone(script: Script) -> None:
    _, session, vm = script
    session.plan("name", ConnectionFailed("cut"))
    task = vm.clone("copy")
    with pytest.raises(ConnectionFailed) as caught:
        task.wait(timeout=SOON)
    assert sent(session) == ["look", "image", "copy", "name", "remove a", "remove image"]
    assert (task.state, caught.value.left, caught.value.ref, caught.value.task) == ("failed", (), vm.ref, task.ref)


def test_a_request_fails_after_three_lost_sessions(script: Script) -> None:
    _, session, vm = script
    session.plan("copy", *[SessionLost("gone")] * 3)
    with pytest.raises(ConnectionFailed, match="dropped 3 sessions"):
        vm.clone("copy").wait(timeout=SOON)
    assert sent(session) == ["look", "image", "copy", "copy", "copy", "remove image"]


def test_every_undo_is_tried_and_the_objects_left_are_named(script: Script) -> None:
    _, session, vm = script
    session.plan("name", InvalidState("no"))
    session.plan("remove a", PermissionDenied("not allowed"))
    task = vm.clone("copy")
    with pytest.raises(InvalidState, match="no") as caught:
        task.wait(timeout=SOON)
    assert sent(session)[-2:] == ["remove a", "remove image"]
    assert [ref.id for ref in caught.value.left] == ["a"]
    assert task.left == caught.value.left
    assert caught.value.hint == f"left behind: {task.left[0]}"


def test_an_undo_is_repeated_in_a_new_login(script: Script) -> None:
    _, session, vm = script
    session.plan("name", InvalidState("no"))
    session.plan("remove a", SessionLost("gone"))
    with pytest.raises(InvalidState, match="no") as caught:
        vm.clone("copy").wait(timeout=SOON)
    assert sent(session)[-3:] == ["remove a", "remove a", "remove image"]
    assert caught.value.left == ()


def test_an_object_that_a_second_call_removes_is_not_left(script: Script) -> None:
    _, session, vm = script
    session.vms_adapter = RemovedTwice
    session.plan("copy", InvalidState("no"))
    session.plan("remove image", PermissionDenied("not allowed"))
    with pytest.raises(InvalidState, match="no") as caught:
        vm.clone("copy").wait(timeout=SOON)
    assert sent(session) == ["image", "copy", "remove image", "remove image"]
    assert (caught.value.left, getattr(caught.value, "__notes__", [])) == ((), [])


def test_an_object_stays_named_when_another_of_its_changes_is_undone(script: Script) -> None:
    _, session, vm = script
    session.vms_adapter = TwiceChanged
    session.plan("name", InvalidState("no"))
    session.plan("unplug", PermissionDenied("not allowed"))
    with pytest.raises(InvalidState, match="no") as caught:
        vm.clone("copy").wait(timeout=SOON)
    assert sent(session) == ["lock", "plug", "name", "unplug", "unlock"]
    assert caught.value.left == (vm.ref,)


def test_an_undo_that_took_a_step_is_not_repeated_as_a_whole(script: Script) -> None:
    _, session, vm = script
    session.vms_adapter = UndoneInStepAndRequest
    session.plan("name", InvalidState("no"))
    session.plan("destroy", SessionLost("gone"))
    with pytest.raises(InvalidState, match="no") as caught:
        vm.clone("copy").wait(timeout=SOON)
    assert sent(session) == ["plug", "name", "unplug", "destroy"]
    assert caught.value.left == (vm.ref,)


def test_an_undo_that_only_looked_is_repeated(script: Script) -> None:
    _, session, vm = script
    session.vms_adapter = UndoneAfterRead
    session.plan("name", InvalidState("no"))
    session.plan("destroy", SessionLost("gone"))
    with pytest.raises(InvalidState, match="no") as caught:
        vm.clone("copy").wait(timeout=SOON)
    assert sent(session) == ["plug", "name", "look", "destroy", "look", "destroy"]
    assert caught.value.left == ()


def test_the_left_of_a_broken_undo_is_kept(script: Script) -> None:
    _, session, vm = script
    session.vms_adapter = UndoneInStepAndRequest
    failure = NotSent("refused")
    failure.left = [session.context.ref(VM, "disk")]
    session.plan("name", InvalidState("no"))
    session.plan("destroy", *[failure] * 20)
    with pytest.raises(InvalidState, match="no") as caught:
        vm.clone("copy").wait(timeout=SOON)
    assert [ref.id for ref in caught.value.left] == ["disk"]


def test_the_drivers_own_left_is_kept(script: Script) -> None:
    _, session, vm = script
    failure = InvalidState("no")
    failure.left = [session.context.ref(VM, "disk")]
    session.plan("name", failure)
    session.plan("remove a", PermissionDenied("not allowed"))
    with pytest.raises(InvalidState, match="no") as caught:
        vm.clone("copy").wait(timeout=SOON)
    assert [ref.id for ref in caught.value.left] == ["disk", "a"]


def test_an_object_that_another_call_has_removed_is_not_left(script: Script) -> None:
    _, session, vm = script
    session.vms_adapter = RemovedInTwoWays
    session.plan("copy", InvalidState("no"))
    session.plan("unplug", PermissionDenied("not allowed"))
    session.plan("remove image", lambda: session.vms.pop("image"))
    with pytest.raises(InvalidState, match="no") as caught:
        vm.clone("copy").wait(timeout=SOON)
    assert (caught.value.left, caught.value.__notes__) == ((), ["could not be undone: not allowed"])


def test_an_object_that_can_not_be_read_may_be_left(script: Script) -> None:
    _, session, vm = script
    session.vms_adapter = RemovedInTwoWays
    session.plan("copy", InvalidState("no"))
    session.plan("unplug", PermissionDenied("not allowed"))
    session.plan("remove image", lambda: session.plan("get", PermissionDenied("not allowed")))
    with pytest.raises(InvalidState, match="no") as caught:
        vm.clone("copy").wait(timeout=SOON)
    assert [ref.id for ref in caught.value.left] == ["image"]


def test_an_object_is_named_whose_removal_has_failed_midway(script: Script) -> None:
    """The object is gone, and something of it may be left."""
    _, session, vm = script

    def fail() -> None:
        del session.vms["image"]
        raise PermissionDenied("its disks are left")

    session.plan("remove image", fail)
    task = vm.clone("copy")
    task.wait(timeout=SOON)
    assert [ref.id for ref in task.left] == ["image"]


def test_an_object_is_named_whose_removal_has_failed_midway_and_then_found_nothing(script: Script) -> None:
    """The second call says nothing of what the first one left."""
    _, session, vm = script
    session.vms_adapter = RemovedTwice
    session.plan("copy", InvalidState("no"))
    session.plan("remove image", PermissionDenied("its disks are left"), NotFound("gone"))
    with pytest.raises(InvalidState, match="no") as caught:
        vm.clone("copy").wait(timeout=SOON)
    assert [ref.id for ref in caught.value.left] == ["image"]
    assert caught.value.__notes__ == ["could not be undone: its disks are left"]


@pytest.mark.parametrize("left", [None, 5, [[1]]])
def test_a_task_ends_if_its_driver_names_no_refs(script: Script, left: Any) -> None:
    _, session, vm = script
    failure = InvalidState("no")
    failure.left = left
    session.plan("name", failure)
    with pytest.raises((hvlib.DriverBug, InvalidState)):
        vm.clone("copy").wait(timeout=SOON)


def test_an_object_is_named_when_the_reply_to_its_removal_is_lost(script: Script) -> None:
    _, session, vm = script
    session.plan("name", InvalidState("no"))
    session.plan("remove a", ConnectionFailed("cut"))
    with pytest.raises(InvalidState, match="no") as caught:
        vm.clone("copy").wait(timeout=SOON)
    assert sent(session)[-2:] == ["remove a", "remove image"]
    assert [ref.id for ref in caught.value.left] == ["a"]


def test_a_read_is_repeated_after_a_lost_connection(script: Script) -> None:
    _, session, vm = script
    session.plan("look", ConnectionFailed("cut"))
    vm.clone("copy").wait(timeout=SOON)
    assert sent(session) == ["look", *WHOLE]


def test_an_object_that_is_gone_is_not_left(script: Script) -> None:
    _, session, vm = script
    session.plan("name", InvalidState("no"))
    session.plan("remove a", NotFound("gone"))
    with pytest.raises(InvalidState, match="no") as caught:
        vm.clone("copy").wait(timeout=SOON)
    assert caught.value.left == ()


def test_the_objects_left_after_success_are_named(script: Script) -> None:
    _, session, vm = script
    session.plan("remove image", InvalidState("not now"))
    task = vm.clone("copy")
    assert task.wait(timeout=SOON).ref == vm.ref
    assert (task.state, [ref.id for ref in task.left]) == ("succeeded", ["image"])


@pytest.mark.parametrize("call", ["look", "image", "copy", "name"])
def test_a_cancelled_task_is_undone(script: Script, call: str) -> None:
    _, session, vm = script
    arrived, go_on = blocked(session, call)
    task = vm.clone("copy")
    assert arrived.wait(SOON)
    task.cancel()
    go_on.set()
    if call == "name":  # The last step: there is nothing left to cancel.
        task.wait(timeout=SOON)
        return
    with pytest.raises(hvlib.TaskCancelled):
        task.wait(timeout=SOON)
    assert task.state == "cancelled"
    done = WHOLE[: WHOLE.index(call) + 1]
    undone = {"look": [], "image": ["remove image"], "copy": ["remove a", "remove image"]}
    assert sent(session) == [*done, *undone[call]]
    with pytest.raises(InvalidState):
        task.cancel()


def test_a_fault_of_the_driver_is_undone_too(script: Script) -> None:
    _, session, vm = script
    session.plan("name", ZeroDivisionError("oops"))
    with pytest.raises(hvlib.DriverBug, match="ZeroDivisionError"):
        vm.clone("copy").wait(timeout=SOON)
    assert sent(session)[-2:] == ["remove a", "remove image"]


def cloning(script: Script) -> tuple[hvlib.Task[hvlib.VM], Ref, threading.Event]:
    """A clone that waits while it makes its image: its task, the task's ref, and the event that ends the wait."""
    _, session, vm = script
    arrived, go_on = blocked(session, "image")
    task = vm.clone("copy")
    assert arrived.wait(SOON)
    assert task.ref is not None
    return task, task.ref, go_on


def test_the_ref_of_a_task_is_valid_in_this_process(script: Script) -> None:
    provider, _, vm = script
    task, ref, go_on = cloning(script)
    record = provider.tasks.get(ref)
    assert (record.state, record.target, record.operation) == ("running", vm.ref, task.operation)
    assert provider.tasks.get_all().all() == []
    with provider.tasks.watch_refs([ref]) as watch:
        assert [next(watch).type, next(watch).type] == ["ADDED", "SYNCED"]
        go_on.set()
        states = []
        while not states or states[-1] != "succeeded":
            event = watch.next(timeout=SOON)
            assert event is not None
            assert event.resource is not None
            states.append(event.resource.state)
    assert record.wait(timeout=SOON).ref == vm.ref
    assert hvlib.wait_all([task, vm.start()], timeout=SOON) == [task.result, vm.refresh()]


def test_a_task_is_cancelled_by_its_ref(script: Script) -> None:
    task, ref, go_on = cloning(script)
    script[0].tasks.get(ref).cancel()
    go_on.set()
    with pytest.raises(hvlib.TaskCancelled):
        task.wait(timeout=SOON)


def test_a_queued_task_is_cancelled_at_once() -> None:
    provider, session = scripted(a={})
    session.vms_adapter = ImageCloner
    provider._operations.steps._limit = 1
    vm = provider.compute.vms.get_all().one()
    arrived, go_on = blocked(session, "look")
    running, queued = vm.clone("first"), vm.clone("second")
    assert arrived.wait(SOON)
    queued.cancel()
    assert queued.state == "cancelled"
    go_on.set()
    running.wait(timeout=SOON)
    assert sent(session)[1:] == WHOLE


def test_a_bounded_number_runs_at_a_time() -> None:
    provider, session = scripted(a={})
    session.vms_adapter = ImageCloner
    provider._operations.steps._limit = 2
    vm = provider.compute.vms.get_all().one()
    gates = [blocked(session, "look") for _ in range(3)]
    tasks = [vm.clone(str(number)) for number in range(3)]
    assert gates[0][0].wait(SOON)
    assert gates[1][0].wait(SOON)
    assert [task.state for task in tasks] == ["running", "running", "queued"]
    assert not gates[2][0].is_set()
    for _, go_on in gates:
        go_on.set()
    hvlib.wait_all(tasks, timeout=SOON)


def test_a_dry_run_sends_nothing(script: Script) -> None:
    _, session, vm = script
    assert vm.do(Clone("copy"), dry_run=True).state == "planned"
    assert sent(session) == []
