"""Refs have the right kinds, whatever objects the server's references lead to; and few rows are read to know them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from drivers.xenapi.odd_objects import (
    attach,
    disk_of,
    drive,
    new_vm,
    ref_of,
    snapshot_of_deleted_vm,
    snapshot_of_template,
)
from drivers.xenapi.wire.following import SOON, events_until, has, synced
from drivers.xenapi.wire.listening import listening, sent
from servers.xapi import Xapi

import hvlib

MANY = 45
"""More objects than are read by their references."""

GONE = "OpaqueRef:00000000-0000-4000-8000-000000000000"


def copy_with(**fields: Any) -> Callable[[Xapi, str], str]:
    def make(xapi: Xapi, vm: str) -> str:
        disk = str(xapi.call("VDI.clone", disk_of(xapi, vm)))
        xapi.write("VDI", disk, **fields)
        return disk

    return make


UNLISTED: Mapping[str, Callable[[Xapi, str], str]] = {
    "host's drive": lambda xapi, _: drive(xapi, "disk"),
    "CD": lambda xapi, _: drive(xapi, "iso"),
    "snapshot": lambda xapi, vm: str(xapi.call("VDI.snapshot", disk_of(xapi, vm))),
    "not managed": copy_with(managed=False),
    "server's own": copy_with(type="metadata"),
}


@pytest.mark.parametrize("sort", UNLISTED)
def test_every_disk_of_a_vm_can_be_read(xapi: Xapi, provider: hvlib.Provider, sort: str) -> None:
    """By its ref, alone or among others, and by uuid. Listings, names and watches of all show only VMs' usual disks."""
    id = new_vm(xapi, "odd")
    odd = ref_of(provider, "Volume", UNLISTED[sort](xapi, id))
    attach(xapi, id, odd.id)
    [vm] = provider.compute.vms.get_by_name_label("odd")
    volumes = provider.storage.volumes
    assert odd in vm.volumes
    assert provider.get_many(vm.volumes).keys() == set(vm.volumes)
    volume = volumes.get(odd)
    assert volume.vms == (vm.ref,)
    assert volumes.get_by_uuid(volume.uuid) == volumes.wait_for(odd, name_label=volume.name_label) == volume
    assert volumes.get_many([odd], native=["uuid"])[odd].native == {"uuid": volume.uuid}
    assert odd not in volumes.get_all_records()
    assert odd not in {each.ref for each in volumes.get_by_name_label(volume.name_label)}
    with volumes.watch() as watch:
        assert odd not in {event.ref for event in synced(watch)}


def test_many_disks_can_be_read_together(xapi: Xapi, provider: hvlib.Provider) -> None:
    odd = ref_of(provider, "Volume", drive(xapi, "disk"))
    many = [ref_of(provider, "Volume", f"{GONE}{number}") for number in range(MANY)]
    assert provider.get_many([odd, *many]).keys() == {odd}


def test_a_volume_is_read_with_only_the_vms_that_have_it(xapi: Xapi, provider: hvlib.Provider) -> None:
    """In two calls, neither of which reads the whole class VM. A volume that no VM has needs no row of that class."""
    volume = provider.storage.volumes.create("data", 2**30).wait(timeout=SOON)
    vm = provider.compute.vms.get_all().all()[0]
    with listening(xapi) as (url, requests), hvlib.connect(url, password=xapi.password) as other:
        assert other.about
        requests.clear()
        assert other.storage.volumes.get(vm.volumes[0]).vms == (vm.ref,)
        asked = [request["params"][1] for request in requests]
        assert asked == [f'(field "VDI" = "{vm.volumes[0].id}")', [f"VDI/{vm.volumes[0].id}", f"VM/{vm.ref.id}"]]
        requests.clear()
        assert other.storage.volumes.get(volume.ref) == volume
        assert [request["method"] for request in requests] == [
            "VBD.get_all_records_where",
            "VDI.get_all_records_where",
        ]


def test_volumes_are_listed_in_a_constant_number_of_calls(xapi: Xapi, provider: hvlib.Provider) -> None:
    assert provider.about
    with sent(xapi) as calls:
        volumes = provider.storage.volumes.get_all().all()
        provider.storage.volumes.get_by_uuid(volumes[0].uuid)
    assert calls == {"VDI.get_all_records_where": 2, "event.from": 2}


@pytest.fixture(params=["few", "many"])
def snapshots(xapi: Xapi, provider: hvlib.Provider, request: pytest.FixtureRequest) -> dict[str, hvlib.Ref | None]:
    """The owners of snapshots: a VM that is gone (None), a VM that is a template now, and other VMs."""
    xapi.set(task_time=0.0)
    gone, turned = snapshot_of_deleted_vm(xapi), snapshot_of_template(xapi)
    owner = xapi.call("VM.get_snapshot_of", turned)
    found: dict[str, hvlib.Ref | None] = {gone: None, turned: ref_of(provider, "Image", owner)}
    vm = new_vm(xapi, "kept")
    for number in range(MANY if request.param == "many" else 2):
        vm = new_vm(xapi, f"kept {number}") if request.param == "many" else vm
        found[xapi.call("VM.snapshot", vm, "one")] = ref_of(provider, "VM", vm)
    return found


def test_a_snapshot_names_its_owner(
    xapi: Xapi, provider: hvlib.Provider, snapshots: dict[str, hvlib.Ref | None]
) -> None:
    """In one call for the snapshots, and one for their owners."""
    refs = [ref_of(provider, "Snapshot", id) for id in snapshots]
    with sent(xapi) as calls:
        listed = provider.compute.snapshots.get_all_records()
    assert calls == {"VM.get_all_records_where": 2}
    with sent(xapi) as calls:
        assert provider.compute.snapshots.get_many(refs) == listed
    assert calls == {"VM.get_all_records_where": 2}
    assert {ref.id: snapshot.vm for ref, snapshot in listed.items()} == snapshots
    owners = {owner for owner in snapshots.values() if owner is not None}
    assert provider.get_many(owners).keys() == owners
    for owner in (None, *sorted(owners)[:3]):
        wanted = {id for id, each in snapshots.items() if each == owner}
        assert {each.ref.id for each in provider.compute.snapshots.get_all(vm=owner)} == wanted


def test_with_many_snapshots_only_their_owners_are_read(xapi: Xapi) -> None:
    """Other VMs are not read, nor are snapshots read again as another's parent."""
    xapi.set(task_time=0.0)
    for number in range(MANY):
        vm = new_vm(xapi, f"kept {number}")
        for name in ("first", "second"):
            xapi.call("VM.snapshot", vm, name)
    with listening(xapi) as (url, requests), hvlib.connect(url, password=xapi.password) as other:
        other.compute.snapshots.get_all().all()
        asked = [request["params"][1] for request in requests if request["method"] == "VM.get_all_records_where"][-1]
    assert len(xapi.call("VM.get_all_records_where", asked)) == MANY


def test_the_parent_of_a_snapshot_is_a_snapshot(xapi: Xapi, provider: hvlib.Provider) -> None:
    vm = new_vm(xapi, "kept")
    first, second, third = (xapi.call("VM.snapshot", vm, name) for name in ("first", "second", "third"))
    snapshots = provider.compute.snapshots
    [found] = snapshots.get_by_name_label("second")
    assert found.parent == ref_of(provider, "Snapshot", first)
    xapi.write("VM", second, parent=vm)
    xapi.write("VM", third, parent=GONE)
    assert {each.parent for each in snapshots.get_all()} == {None}
    assert snapshots.get(ref_of(provider, "Snapshot", second)).parent is None


def test_a_snapshot_without_a_vm_can_not_be_reverted_to(xapi: Xapi, provider: hvlib.Provider) -> None:
    for id in (snapshot_of_deleted_vm(xapi), snapshot_of_template(xapi)):
        with pytest.raises(hvlib.InvalidState):
            provider.compute.snapshots.get(ref_of(provider, "Snapshot", id)).revert()


def test_a_watch_reports_a_snapshots_owner(xapi: Xapi, provider: hvlib.Provider) -> None:
    vm = new_vm(xapi, "kept")
    snapshot = ref_of(provider, "Snapshot", xapi.call("VM.snapshot", vm, "one"))
    with provider.compute.snapshots.watch() as watch:
        synced(watch)
        xapi.call("VM.set_is_a_template", vm, True)
        assert events_until(watch, has(snapshot, vm=ref_of(provider, "Image", vm)))[-1].changed == {"vm"}
        xapi.call("VM.destroy", vm)
        assert events_until(watch, has(snapshot, vm=None))[-1].changed == {"vm"}


def test_a_watch_reports_the_kind_of_a_volumes_owner(
    xapi: Xapi, provider: hvlib.Provider, template: hvlib.Image
) -> None:
    vm = xapi.call("VM.clone", template.ref.id, "made")
    volume = ref_of(provider, "Volume", disk_of(xapi, vm))
    with provider.storage.volumes.watch(fields=["vms"]) as watch:
        events = {event.ref: event.resource for event in synced(watch)}
        assert events[volume].vms == (ref_of(provider, "Image", vm),)
        xapi.call("VM.provision", vm)
        events_until(watch, has(volume, vms=(ref_of(provider, "VM", vm),)))


def test_a_wait_for_one_object_reads_only_its_joined_objects(xapi: Xapi, provider: hvlib.Provider) -> None:
    """Also the objects that are joined to it later. Waits share one subscription."""
    vm = provider.compute.vms.get_all(power_state="halted").all()[0]
    volume = provider.storage.volumes.create("data", 2**30).wait(timeout=SOON)
    with (
        listening(xapi) as (url, requests),
        hvlib.connect(url, password=xapi.password) as other,
        ThreadPoolExecutor(3) as threads,
    ):
        waits = [
            threads.submit(other.compute.vms.wait_for, vm.ref, timeout=SOON, volumes=volume.ref),
            threads.submit(other.storage.volumes.wait_for, volume.ref, timeout=SOON, vms=vm.ref),
            threads.submit(other.compute.vms.wait_for, vm.ref, timeout=SOON, ip_addresses="10.9.9.9"),
        ]
        both = {f"VM/{vm.ref.id}", f"VDI/{volume.ref.id}"}
        while not any(
            request["method"] == "event.from" and request["params"][3] > 0 and both <= {*request["params"][1]}
            for request in requests
        ):
            pass  # The waits have not begun yet.
        vm.attach_volume(volume).wait(timeout=SOON)
        vm.start().wait(timeout=SOON)
        guest = xapi.call("VM.get_guest_metrics", vm.ref.id)
        xapi.write("VM_guest_metrics", guest, networks={"0/ip": "10.9.9.9"})
        found = [wait.result(timeout=SOON) for wait in waits]
    assert (found[0].volumes[-1], found[1].vms) == (volume.ref, (vm.ref,))
    assert found[2].guest_os is not None
    texts = {text for request in requests if request["method"] == "event.from" for text in request["params"][1]}
    assert all("/" in text for text in texts)
