"""Results of tasks: the kind of the object that was made, which its reference alone does not show."""

from __future__ import annotations

from typing import Any

from drivers.xenapi.odd_objects import disk_of, drive, new_vm, ref_of
from drivers.xenapi.wire.following import SOON, events_until, has, synced
from drivers.xenapi.wire.listening import listening, sent
from servers.xapi import Xapi

import hvlib


def ended(xapi: Xapi, name: str, *parameters: Any) -> str:
    """Return a task of another client, after it has ended."""
    task = str(xapi.call(f"Async.{name}", *parameters))
    while xapi.call("task.get_status", task) == "pending":
        pass
    assert xapi.call("task.get_status", task) == "success"
    return task


def test_a_task_names_the_kind_of_its_result(xapi: Xapi, provider: hvlib.Provider, template: hvlib.Image) -> None:
    """A copy of a template or of a snapshot is a template. One more call reads the objects that were made."""
    vm = new_vm(xapi, "origin")
    snapshot = ended(xapi, "VM.snapshot", vm, "kept")
    kept = next(ref for ref, row in xapi.call("VM.get_all_records").items() if row["name_label"] == "kept")
    kinds = {
        snapshot: "Snapshot",
        ended(xapi, "VM.clone", vm, "a VM"): "VM",
        ended(xapi, "VM.copy", vm, "a VM", "OpaqueRef:NULL"): "VM",
        ended(xapi, "VM.clone", template.ref.id, "a template"): "Image",
        ended(xapi, "VM.copy", template.ref.id, "a template", "OpaqueRef:NULL"): "Image",
        ended(xapi, "VM.clone", kept, "a template"): "Image",
        ended(xapi, "VDI.clone", disk_of(xapi, vm), {}): "Volume",
        ended(xapi, "VDI.clone", drive(xapi, "disk"), {}): "Volume",
    }
    with sent(xapi) as calls:
        listed = provider.tasks.get_all_records()
    assert calls == {"task.get_all_records_where": 1, "VM.get_all_records_where": 1}
    results = {ref.id: task.result for ref, task in listed.items() if ref.id in kinds}
    assert {id: result and result.kind for id, result in results.items()} == kinds
    assert len(provider.get_many([result for result in results.values() if result is not None])) == len(kinds)
    with sent(xapi) as calls:
        assert provider.tasks.get_many(listed) == listed
    assert calls == {"task.get_all_records_where": 1, "VM.get_all_records_where": 1}


def test_a_task_whose_result_is_gone_still_names_it(xapi: Xapi, provider: hvlib.Provider) -> None:
    task = ref_of(provider, "Task", ended(xapi, "VM.clone", new_vm(xapi, "origin"), "passing"))
    made = provider.tasks.get(task).result
    assert made is not None
    xapi.call("VM.destroy", made.id)
    assert provider.tasks.get(task).result == made
    assert provider.get_many([made]) == {}


def test_a_task_is_followed_without_the_class_vm(xapi: Xapi, template: hvlib.Image) -> None:
    """Another client's task, and an own task: only the object that it made is read."""
    xapi.set(task_time=0.5)
    with listening(xapi) as (url, requests), hvlib.connect(url, password=xapi.password) as other:
        task = other.tasks.get(ref_of(other, "Task", xapi.call("Async.VM.clone", template.ref.id, "made")))
        image = other.tasks.follow(task).wait(timeout=SOON)
        assert (image.ref.kind, image.name_label) == ("Image", "made")
        vm = other.compute.vms.get_all(power_state="halted").all()[0]
        assert vm.clone("copy").wait(timeout=SOON).name_label == "copy"
    texts = {text for request in requests if request["method"] == "event.from" for text in request["params"][1]}
    assert f"VM/{image.ref.id}" in texts
    assert {text for text in texts if "/" not in text}.isdisjoint({"VM"})


def test_a_watch_of_tasks_reports_a_template_that_becomes_a_vm(xapi: Xapi, template: hvlib.Image) -> None:
    """The class VM is not watched for it. Objects no longer watched are dropped, so a long watch stays small."""
    with listening(xapi) as (url, requests), hvlib.connect(url, password=xapi.password) as other:
        with other.tasks.watch() as watch:
            synced(watch)
            task = ref_of(other, "Task", ended(xapi, "VM.clone", template.ref.id, "made"))
            [made] = xapi.call("VM.get_by_name_label", "made")
            events_until(watch, has(task, result=ref_of(other, "Image", made)))
            xapi.call("VM.provision", made)
            events_until(watch, has(task, result=ref_of(other, "VM", made)))
            xapi.call("task.destroy", task.id)
            events_until(watch, lambda event: event.type == "DELETED" and event.ref == task)
            other_task = ref_of(other, "Task", ended(xapi, "VM.clone", made, "another"))
            events_until(watch, lambda event: event.ref == other_task and event.resource.state == "succeeded")
        subscriptions = [request["params"][1] for request in requests if request["method"] == "event.from"]
    assert all("VM" not in each for each in subscriptions)
    assert f"VM/{made}" not in subscriptions[-1]


def test_a_resumed_watch_of_tasks_reports_it_too(xapi: Xapi, provider: hvlib.Provider, template: hvlib.Image) -> None:
    task = ref_of(provider, "Task", ended(xapi, "VM.clone", template.ref.id, "made"))
    [made] = xapi.call("VM.get_by_name_label", "made")
    with provider.tasks.watch() as watch:
        synced(watch)
        cursor = watch.cursor
    xapi.call("VM.provision", made)
    with provider.tasks.watch(since=cursor) as resumed:
        [result] = [event.resource.result for event in synced(resumed) if event.ref == task]
    assert result == ref_of(provider, "VM", made)
