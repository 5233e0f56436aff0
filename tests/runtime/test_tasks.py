from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from hvlib_sim.lab import objects
from hvlib_sim.lab.lab import Lab

import hvlib
from hvlib.actions import Delete, Rename, Start
from hvlib.model.event import Event, EventType
from hvlib.model.resources import TaskRecord
from hvlib.model.resources.record import build, projection
from hvlib.runtime import server_task
from hvlib.runtime.server_task import ServerTask


@pytest.fixture
def lab() -> Lab:
    return Lab.named(f"lab-{uuid4().hex}", vms=12, task_time=0.02)


@pytest.fixture
def provider(lab: Lab) -> Iterator[hvlib.Provider]:
    with hvlib.connect(f"sim://{lab.name}") as provider:
        yield provider


def first_vm(provider: hvlib.Provider, state: str) -> hvlib.VM:
    vm = provider.compute.vms.get_all(power_state=state).first()
    assert vm is not None
    return vm


def test_a_task_ends_with_the_resource_read_again(provider: hvlib.Provider) -> None:
    vm = first_vm(provider, "halted")
    progress: list[float] = []
    task = vm.start()
    again = task.wait(timeout=10, on_progress=progress.append)
    assert (again.ref, again.power_state, task.state, task.progress, task.error) == (
        vm.ref,
        "running",
        "succeeded",
        1,
        None,
    )
    assert progress == sorted(progress)
    assert progress
    assert progress[-1] == 1.0
    assert task.result == again
    assert "start VM" in str(task)


def test_results_are_the_new_object_or_none(provider: hvlib.Provider) -> None:
    vm = first_vm(provider, "halted")
    clone = vm.clone("copy").wait(timeout=10)
    assert (clone.name_label, clone.power_state) == ("copy", "halted")
    assert clone.ref != vm.ref
    snapshot = clone.snapshot("before").wait(timeout=10)
    assert isinstance(snapshot, hvlib.Snapshot)
    assert snapshot.revert().wait(timeout=10).ref == clone.ref
    assert clone.delete().wait(timeout=10) is None
    with pytest.raises(hvlib.NotFound):
        clone.refresh()


def test_a_refusal_is_the_same_error_at_the_call_and_in_the_task(provider: hvlib.Provider) -> None:
    with pytest.raises(hvlib.InvalidState) as caught:
        first_vm(provider, "running").start().wait(timeout=10)
    assert caught.value.provider is provider


def test_a_timeout_is_no_failure(lab: Lab) -> None:
    slow = Lab.named(f"slow-{uuid4().hex}", vms=12, task_time=0.15)
    with hvlib.connect(f"sim://{slow.name}") as provider:
        task = first_vm(provider, "halted").start()
        with pytest.raises(hvlib.TaskTimeout, match="still runs") as caught:
            task.wait(timeout=0.05)
        assert isinstance(caught.value, TimeoutError)
        assert task.state in ("queued", "running")
        assert task.result is None
        assert task.wait(timeout=10).power_state == "running"


def test_cancelling() -> None:
    slow = Lab.named(f"slow-{uuid4().hex}", vms=12, task_time=60.0)
    with hvlib.connect(f"sim://{slow.name}") as provider:
        vm = first_vm(provider, "halted")
        task = vm.start()
        task.cancel()
        with pytest.raises(hvlib.TaskCancelled):
            task.wait(timeout=10)
        assert task.state == "cancelled"
        assert isinstance(task.error, hvlib.TaskCancelled)


def test_wait_all_follows_all_over_one_watch_and_reports_every_failure(provider: hvlib.Provider) -> None:
    halted, running = first_vm(provider, "halted"), provider.compute.vms.get_all(power_state="running").all()
    good = [halted.start(), *[vm.suspend() for vm in running[:3]]]
    with provider.count_requests() as requests:
        results = hvlib.wait_all(good, timeout=20)
    assert [vm.power_state for vm in results] == ["running", "suspended", "suspended", "suspended"]
    assert requests.calls["Get"] == 1
    assert hvlib.wait_all([]) == []
    with pytest.raises(ExceptionGroup) as caught:
        hvlib.wait_all([running[4].stop(), running[0].stop(), running[0].rename("x"), running[4].stop()], timeout=20)
    assert {type(error) for error in caught.value.exceptions} == {hvlib.InvalidState}


def test_tasks_of_several_providers_are_followed_at_once() -> None:
    with hvlib.connect("sim://?vms=12&task_time=0.02") as a, hvlib.connect("sim://?vms=12&task_time=0.02") as b:
        results = hvlib.wait_all([first_vm(a, "halted").start(), first_vm(b, "halted").start()], timeout=20)
        assert [vm.provider for vm in results] == [a, b]


def test_plans_are_shown_and_carried_out(provider: hvlib.Provider) -> None:
    vm = first_vm(provider, "halted")
    plan = [Rename("planned"), Start(), Delete()]
    with provider.count_requests() as requests:
        dry = [vm.do(action, dry_run=True) for action in plan]
    assert requests.total == 0
    assert [task.state for task in dry] == ["planned"] * 3
    assert str(dry[0]).startswith("rename name_label='planned' VM ")
    assert vm.refresh() == vm
    assert vm.do(plan[0]).wait(timeout=10).name_label == "planned"


def test_a_plan_cannot_be_waited_for(provider: hvlib.Provider) -> None:
    planned = first_vm(provider, "halted").do(Start(), dry_run=True)
    with pytest.raises(hvlib.InvalidState, match="only planned"):
        planned.wait(timeout=1)


def test_the_outcome_of_a_task_without_a_record_is_unknown(lab: Lab, provider: hvlib.Provider) -> None:
    task, other = first_vm(provider, "halted").start(), first_vm(provider, "running").suspend()
    assert task.ref is not None
    hvlib.wait_all([other, provider.tasks.get(task.ref).follow()], timeout=10)
    with lab.at_work():
        for each in (task, other):
            assert each.ref is not None
            lab.store.remove(lab.store.get(objects.Task, each.ref.id))
    for _ in range(2):
        with pytest.raises(hvlib.NotFound, match="outcome is unknown"):
            task.wait(timeout=10)
    assert (task.state, task.progress, task.result) == ("unknown", None, None)
    assert isinstance(task.error, hvlib.NotFound)
    assert other.wait(timeout=10).power_state == "suspended"


def test_following_a_task_reads_only_the_fields_that_are_needed(
    provider: hvlib.Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other fields may take another round trip: above all the target, which is known already."""
    field_sets = []
    make_query = server_task.make_query

    def note(kind: Any, declared: Any, **options: Any) -> Any:
        made: Any = make_query(kind, declared, **options)
        field_sets.append(made.fields)
        return made

    monkeypatch.setattr(server_task, "make_query", note)
    task, other = (vm.start() for vm in provider.compute.vms.get_all(power_state="halted").all()[:2])
    assert task.state
    task.wait(timeout=10)
    hvlib.wait_all([other], timeout=10)
    assert [fields for fields in field_sets if "target" in fields] == []
    assert len(field_sets) >= 3


def test_a_task_can_be_followed_twice_and_waited_for_after_its_end(provider: hvlib.Provider) -> None:
    task = first_vm(provider, "halted").start()
    assert task.ref is not None
    again = provider.tasks.get(task.ref).follow()
    assert [vm.power_state for vm in hvlib.wait_all([task, again], timeout=10)] == ["running", "running"]
    assert provider.tasks.get(task.ref).wait(timeout=0).power_state == "running"


def test_one_provider_that_fails_does_not_hide_the_others() -> None:
    with (
        hvlib.connect("sim://?vms=12&task_time=0.02") as good,
        hvlib.connect("sim://?vms=12&task_time=0.02&fail=subscribe:permission:9") as bad,
    ):
        with pytest.raises(ExceptionGroup) as caught:
            hvlib.wait_all([first_vm(good, "halted").start(), first_vm(bad, "halted").start()], timeout=10)
        assert [type(error) for error in caught.value.exceptions] == [hvlib.PermissionDenied]


def test_user_data_is_never_shown(provider: hvlib.Provider) -> None:
    image = provider.image.images.get_all().first()
    assert image is not None
    task = provider.compute.vms.create("new", image=image, user_data="password: hunter2")
    assert "hunter2" not in repr(task) + str(task) + task.operation
    assert task.wait(timeout=10).name_label == "new"


def test_refs_of_another_provider_are_refused(provider: hvlib.Provider) -> None:
    vm = first_vm(provider, "running")
    foreign = hvlib.Ref("ffffffff-0000-4000-8000-000000000000", "VM", vm.ref.id)
    with provider.count_requests() as requests:
        volume = hvlib.Ref(foreign.provider_uuid, "Volume", "vol-1")
        for action in (Start(), Delete(keep_volumes=(volume,))):
            with pytest.raises(hvlib.InvalidQuery, match="another provider"):
                provider.compute.vms.do(foreign if action == Start() else vm.ref, action)
        with pytest.raises(hvlib.InvalidQuery, match="action on a collection"):
            vm.do(hvlib.actions.CreateVM("new", vm.ref))
        with pytest.raises(hvlib.InvalidQuery, match="action on a resource"):
            provider.compute.vms.do(None, Start())
    assert requests.total == 0


def test_the_servers_own_records_can_be_followed(provider: hvlib.Provider) -> None:
    task = first_vm(provider, "halted").start()
    assert task.ref is not None
    record = provider.tasks.get(task.ref)
    assert isinstance(record, hvlib.TaskRecord)
    assert record.wait(timeout=10).power_state == "running"
    assert [record.ref for record in provider.tasks.get_all(state="succeeded")] == [task.ref]


def test_closing_the_provider_ends_a_wait_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    provider = hvlib.connect("sim://?vms=12&task_time=60")
    task = first_vm(provider, "halted").start()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(task.wait)
        while not provider._manager._waiters:
            time.sleep(0)
        provider.close()
        assert isinstance(waiting.exception(1), hvlib.Closed)


@pytest.mark.parametrize(("state", "error"), [("running", None), ("failed", hvlib.TaskFailed)])
def test_a_driver_may_have_only_the_state_of_a_task(
    provider: hvlib.Provider, state: str, error: type[Exception] | None
) -> None:
    only = frozenset({"state"})
    ref = hvlib.Ref(provider.about.uuid, "Task", "t")
    record = build(projection(TaskRecord, only, only), ref, {"state": state})
    task = ServerTask(provider._operations.shared, "start VM x", None, ref=ref)
    assert task.take(Event(EventType.MODIFIED, ref, record)) is None
    if error is not None:
        assert (task.progress, task.started_at, type(task.error)) == (None, None, error)
    assert task.result_ref() is None


def test_a_record_with_only_the_state_can_be_followed(provider: hvlib.Provider) -> None:
    only = frozenset({"state"})
    ref = hvlib.Ref(provider.about.uuid, "Task", "t")
    task = provider.tasks.follow(build(projection(TaskRecord, only, only), ref, {"state": "succeeded"}))
    assert (task.operation, task.target, task.wait(timeout=0)) == ("t", None, None)
