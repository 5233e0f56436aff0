"""The VMs that tasks name: templates are left out, and the calls that this takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hvlib_vsphere.session import VSphereSession
from hvlib_vsphere.wire.caller import Caller
from pyVmomi import vim
from scripted.context import UUID, RecordingContext
from servers.vcsim import Vcsim

import hvlib
from hvlib.driver import Change, Feed, SessionLost, Upsert
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Host, Image, TaskRecord

from .conftest import Administrator, changes, query, snapshot, upsert_of

RETRIEVAL = "RetrievePropertiesEx"


@pytest.fixture
def feed(session: VSphereSession) -> Iterator[Feed]:
    opened = session.feed([query(session, TaskRecord)], None)
    yield opened
    opened.close()


@pytest.fixture
def deployed(admin: Administrator) -> Iterator[Any]:
    """A task that has deployed a VM from a template."""
    task = clone(admin, admin.template(), "deployed")
    yield task
    admin.remove(admin.leaf(task, "info.result"))


@pytest.fixture
def unnamed(admin: Administrator) -> Iterator[Any]:
    """A VM that no task names."""
    tasks = admin.content.taskManager.recentTask
    named = {admin.leaf(task, path) for task in tasks for path in ("info.entity", "info.result")}
    vm = next(vm for vm in admin.vms() if vm not in named)
    name = admin.leaf(vm, "name")
    yield vm
    admin.finish(vm.Rename_Task(name))


def clone(admin: Administrator, source: Any, name: str, *, template: bool = False) -> Any:
    """A task that has made a VM, or a template."""
    location = vim.vm.RelocateSpec(pool=admin.objects(vim.ResourcePool)[0])
    spec = vim.vm.CloneSpec(location=location, powerOn=False, template=template)
    task = source.CloneVM_Task(source.parent, name, spec)
    admin.finish(task)
    return task


def rename(admin: Administrator, vm: Any, name: str = "renamed") -> Any:
    """A task whose target is a VM."""
    task = vm.Rename_Task(name)
    admin.finish(task)
    return task


def ref(vm: Any) -> Ref:
    return Ref(UUID, "VM", vm._moId)


def template(admin: Administrator) -> Ref:
    """The ref of the template, which is an image."""
    return Ref(UUID, Image.kind, admin.template()._moId)


def task_ref(task: Any) -> Ref:
    return Ref(UUID, "Task", task._moId)


def read_tasks(session: VSphereSession, *tasks: Any, **options: Any) -> list[Any]:
    """The records of tasks, read in one call, in the order of the tasks."""
    records = session.adapters[TaskRecord].get(
        [task_ref(task) for task in tasks], query(session, TaskRecord, **options)
    )
    by_ref = {record.ref: record for record in records}
    return [by_ref[task_ref(task)] for task in tasks]


def test_a_template_is_an_image(session: VSphereSession, admin: Administrator, deployed: Any) -> None:
    [record] = read_tasks(session, deployed)
    assert (record.state, record.target) == ("succeeded", template(admin))
    assert record.result == ref(admin.leaf(deployed, "info.result"))


def test_a_template_that_was_made_is_an_image(session: VSphereSession, admin: Administrator, machine: Any) -> None:
    task = clone(admin, machine, "golden", template=True)
    made = admin.leaf(task, "info.result")
    [record] = read_tasks(session, task)
    # The simulator's resource pool keeps a template that is deleted.
    made.MarkAsVirtualMachine(admin.objects(vim.ResourcePool)[0])
    admin.remove(made)
    assert (record.state, record.target, record.result) == (
        "succeeded",
        ref(machine),
        Ref(UUID, Image.kind, made._moId),
    )


def test_a_vm_that_becomes_a_template_and_a_vm_again(
    session: VSphereSession, admin: Administrator, machine: Any
) -> None:
    task = rename(admin, machine)
    assert read_tasks(session, task)[0].target == ref(machine)
    machine.MarkAsTemplate()
    image = Ref(UUID, Image.kind, machine._moId)
    assert read_tasks(session, task)[0].target == image
    assert read_tasks(session, task, native=True)[0].target == image
    machine.MarkAsVirtualMachine(admin.objects(vim.ResourcePool)[0])
    assert read_tasks(session, task)[0].target == ref(machine)


def test_a_vm_that_is_gone_stays_named(session: VSphereSession, admin: Administrator, machine: Any) -> None:
    task = rename(admin, machine)
    admin.remove(machine)
    assert read_tasks(session, task)[0].target == ref(machine)
    assert session.adapters[VM].get([ref(machine)], query(session, VM)) == []


def test_all_named_vms_are_read_in_one_call(
    session: VSphereSession, admin: Administrator, context: RecordingContext, deployed: Any, machine: Any
) -> None:
    task = rename(admin, machine)
    context.calls.clear()
    assert [record.target for record in read_tasks(session, deployed, task)] == [template(admin), ref(machine)]
    assert context.counts == {RETRIEVAL: 2}


def test_no_further_call_if_no_vm_is_named(
    session: VSphereSession, admin: Administrator, context: RecordingContext, machine: Any
) -> None:
    host = admin.objects(vim.HostSystem)[0]
    entering = host.EnterMaintenanceMode_Task(timeout=0)
    admin.finish(entering)
    admin.finish(host.ExitMaintenanceMode_Task(timeout=0))
    task = rename(admin, machine)
    context.calls.clear()
    assert read_tasks(session, entering)[0].target == Ref(UUID, Host.kind, host._moId)
    assert read_tasks(session, task, fields=["state", "result"])[0].state == "succeeded"
    assert context.counts == {RETRIEVAL: 2}


@pytest.mark.parametrize("size", [1, None])
def test_a_listing_takes_two_calls_for_any_page_size(
    session: VSphereSession, context: RecordingContext, machine: Any, deployed: Any, admin: Administrator, size: int
) -> None:
    recent = [task._moId for task in admin.content.taskManager.recentTask]
    context.calls.clear()
    listing = session.adapters[TaskRecord].open(query(session, TaskRecord, page_size=size), None)
    pages = [page.items for page in listing.pages()]
    assert [record.ref.id for page in pages for record in page] == recent
    assert max(map(len, pages)) == (size or len(recent))
    assert context.counts == {RETRIEVAL: 2}


def test_a_listing_whose_session_is_lost_starts_again(
    session: VSphereSession, admin: Administrator, monkeypatch: pytest.MonkeyPatch, deployed: Any
) -> None:
    """The session is lost after the tasks are read, and before the VMs that they name."""
    listing = session.adapters[TaskRecord].open(query(session, TaskRecord), None)
    call = Caller.call

    def expire(caller: Caller, method: str, *arguments: Any, **options: Any) -> Any:
        value = call(caller, method, *arguments, **options)
        admin.expire_sessions()
        return value

    monkeypatch.setattr(Caller, "call", expire)
    with pytest.raises(SessionLost):
        listing.fetch()
    monkeypatch.undo()
    session.login()
    records = {record.ref: record for record in listing.fetch().items}
    assert records[task_ref(deployed)].target == template(admin)


def test_no_template_is_a_vm_in_a_watch(admin: Administrator, machine: Any, feed: Feed, deployed: Any) -> None:
    """In its snapshot, and when tasks begin."""
    assert snapshot(feed)[task_ref(deployed)].target == template(admin)  # type: ignore[attr-defined]
    task = rename(admin, machine, "watched")
    changes(feed, upsert_of(task._moId, state="succeeded", target=ref(machine)))


def test_a_vm_is_deployed_during_a_watch(admin: Administrator, feed: Feed) -> None:
    """The template that the VM is made from is never reported as a VM."""
    snapshot(feed)
    task = clone(admin, admin.template(), "looked-at")
    records: list[Any] = []

    def ended(change: Change) -> bool:
        records.extend([change.record] if upsert_of(task._moId)(change) and isinstance(change, Upsert) else [])
        return bool(records) and records[-1].state == "succeeded"

    new_vm = admin.leaf(task, "info.result")
    changes(feed, ended)
    assert {record.target for record in records} == {template(admin)}
    admin.remove(new_vm)


def test_a_watch_reports_that_a_named_vm_becomes_a_template(
    admin: Administrator, context: RecordingContext, machine: Any, feed: Feed
) -> None:
    task = rename(admin, machine)
    snapshot(feed)
    context.calls.clear()
    machine.MarkAsTemplate()
    changes(feed, upsert_of(task._moId, target=Ref(UUID, Image.kind, machine._moId)))
    machine.MarkAsVirtualMachine(admin.objects(vim.ResourcePool)[0])
    changes(feed, upsert_of(task._moId, target=ref(machine)))
    assert context.counts.keys() == {"WaitForUpdatesEx"}


def test_a_vm_that_was_named_before_is_not_read_again(
    admin: Administrator, context: RecordingContext, machine: Any, feed: Feed
) -> None:
    rename(admin, machine)
    snapshot(feed)
    context.calls.clear()
    task = rename(admin, machine, "renamed-again")
    changes(feed, upsert_of(task._moId, state="succeeded", target=ref(machine)))
    assert context.counts.keys() == {"WaitForUpdatesEx"}


def test_another_vm_costs_three_calls(
    admin: Administrator, context: RecordingContext, feed: Feed, deployed: Any, unnamed: Any
) -> None:
    """Create the filter that follows it, read whether it is a template, and destroy the replaced filter."""
    snapshot(feed)
    context.calls.clear()
    task = rename(admin, unnamed)
    changes(feed, upsert_of(task._moId, state="succeeded", target=ref(unnamed)))
    counts = {call: count for call, count in context.counts.items() if call != "WaitForUpdatesEx"}
    assert counts == {"CreateFilter": 1, RETRIEVAL: 1, "DestroyPropertyFilter": 1}


def test_a_wait_without_changes(feed: Feed, context: RecordingContext, deployed: Any) -> None:
    snapshot(feed)
    context.calls.clear()
    start = time.monotonic()
    feed.next(1.0)
    assert 0.9 < time.monotonic() - start < 3
    assert context.counts == {"WaitForUpdatesEx": 1}


def test_the_wait_for_a_task_does_not_read_its_target(server: Vcsim, machine: Any) -> None:
    with hvlib.connect(server.url, password=server.password, cacert=str(server.cacert)) as provider:
        vm = provider.compute.vms.get(Ref(provider.about.uuid, "VM", machine._moId))
        with provider.count_requests() as requests:
            task = vm.start()
            assert task.state in ("queued", "running", "succeeded")
            assert requests.calls == {"PowerOnVM_Task": 1, RETRIEVAL: 2}  # the VM's power state, the task
        with provider.count_requests() as requests:
            assert vm.stop().wait().power_state == "halted"
        assert (requests.calls["CreateFilter"], requests.calls[RETRIEVAL]) == (1, 1)
        assert requests.calls["DestroyPropertyFilter"] == 0
