"""Deletion: which disks are a VM's own, what is deleted with it, and what is left if an object can't be deleted."""

from __future__ import annotations

from typing import Any

import pytest
from servers.xapi import Xapi

import hvlib

SOON = 20.0
NULL = "OpaqueRef:NULL"


@pytest.fixture
def vm(provider: hvlib.Provider) -> hvlib.VM:
    """A halted VM with a disk of its own."""
    [image] = provider.image.images.get_by_name_label("Debian 12 with a disk")
    return provider.compute.vms.create("made", image=image).wait(timeout=SOON)


def a_disk(xapi: Xapi, name: str, **fields: Any) -> str:
    [repository] = [ref for ref, row in xapi.call("SR.get_all_records").items() if row["shared"]]
    record = {
        "name_label": name,
        "name_description": "",
        "SR": repository,
        "virtual_size": 2**30,
        "type": "user",
        "sharable": False,
        "read_only": False,
        "other_config": {},
    }
    return str(xapi.call("VDI.create", {**record, **fields}))


def attach(xapi: Xapi, vm: hvlib.VM, disk: str, **other_config: str) -> str:
    """Attach a disk as another client does."""
    record = {
        "VM": vm.ref.id,
        "VDI": disk,
        "userdevice": "autodetect",
        "bootable": False,
        "mode": "RW",
        "type": "Disk",
        "unpluggable": True,
        "empty": False,
        "other_config": other_config,
        "qos_algorithm_type": "",
        "qos_algorithm_params": {},
    }
    return str(xapi.call("VBD.create", record))


def disks(xapi: Xapi) -> set[str]:
    return set(xapi.call("VDI.get_all"))


def test_disks_of_templates_are_volumes(xapi: Xapi, provider: hvlib.Provider, vm: hvlib.VM) -> None:
    """They are of the type system, unless the template says otherwise."""
    assert {row["type"] for row in xapi.call("VDI.get_all_records").values() if row["VBDs"]} == {"system"}
    [disk] = provider.get_many(vm.volumes).values()
    assert isinstance(disk, hvlib.Volume)
    assert disk.vms == (vm.ref,)
    ephemeral = a_disk(xapi, "scratch", type="ephemeral")
    a_disk(xapi, "statefile", type="ha_statefile")
    listed = {volume.ref.id for volume in provider.storage.volumes.get_all()}
    assert {disk.ref.id, ephemeral} <= listed
    assert not provider.storage.volumes.get_by_name_label("statefile")
    with provider.storage.volumes.watch() as watch:
        events = set()
        while (event := watch.next(timeout=SOON)) is not None and event.ref is not None:
            events.add(event.ref.id)
    assert events == listed


def test_disks_that_others_attached_stay(xapi: Xapi, vm: hvlib.VM) -> None:
    """The server itself marks the disks that belong to the VM."""
    own, others, owned = set(xapi.call("VM.get_VBDs", vm.ref.id)), a_disk(xapi, "others"), a_disk(xapi, "owned")
    assert own
    attach(xapi, vm, others)
    attach(xapi, vm, owned, owner="")
    vm.delete().wait(timeout=SOON)
    assert others in disks(xapi)
    assert owned not in disks(xapi)
    assert vm.volumes[0].id not in disks(xapi)


def test_the_vms_own_disk_can_be_kept(xapi: Xapi, vm: hvlib.VM) -> None:
    others = a_disk(xapi, "others")
    attach(xapi, vm, others)
    vm.delete(keep_volumes=vm.volumes).wait(timeout=SOON)
    assert {others, vm.volumes[0].id} <= disks(xapi)


def test_disks_without_a_mark(xapi: Xapi, provider: hvlib.Provider, vm: hvlib.VM) -> None:
    """All disks belong to the VM, except the volumes that hvlib attached."""
    for vbd in xapi.call("VM.get_VBDs", vm.ref.id):
        xapi.write("VBD", vbd, other_config={})
    volume = provider.storage.volumes.create("data", 2**30).wait(timeout=SOON)
    other = a_disk(xapi, "other")
    vm.attach_volume(volume).wait(timeout=SOON)
    attach(xapi, vm, other)
    vm.delete().wait(timeout=SOON)
    assert volume.ref.id in disks(xapi)
    assert not {other, vm.volumes[0].id} & disks(xapi)


@pytest.mark.parametrize("owners", [True, False])
def test_copies_of_attached_volumes_are_the_copys_own(
    xapi: Xapi, provider: hvlib.Provider, vm: hvlib.VM, owners: bool
) -> None:
    """On servers that mark the copy's own disks, and on servers that only copy hvlib's mark."""
    volume = provider.storage.volumes.create("data", 2**30).wait(timeout=SOON)
    vm.attach_volume(volume).wait(timeout=SOON)
    before = disks(xapi)
    clone = vm.clone("clone").wait(timeout=SOON)
    snapshot = vm.snapshot("kept").wait(timeout=SOON)
    assert len(disks(xapi)) == len(before) + 4
    for ref, row in xapi.call("VBD.get_all_records").items() if not owners else ():
        kept = {key: value for key, value in row["other_config"].items() if key != "owner"}
        xapi.write("VBD", ref, other_config=kept)
    clone.delete().wait(timeout=SOON)
    snapshot.delete().wait(timeout=SOON)
    assert disks(xapi) == before
    vm.delete().wait(timeout=SOON)
    assert volume.ref.id in disks(xapi)
    assert not volume.refresh().vms


def test_snapshots_go_with_their_vm(xapi: Xapi, provider: hvlib.Provider, vm: hvlib.VM) -> None:
    other = provider.compute.vms.get_all(power_state="running").first()
    assert other is not None
    stays = other.snapshot("stays").wait(timeout=SOON)
    before = disks(xapi)
    vm.snapshot("first").wait(timeout=SOON)
    vm.start().wait(timeout=SOON)
    vm.snapshot("second", memory=True).wait(timeout=SOON)
    vm.stop().wait(timeout=SOON)
    assert vm.delete().wait(timeout=SOON) is None
    assert [snapshot.ref for snapshot in provider.compute.snapshots.get_all()] == [stays.ref]
    assert disks(xapi) == before - {vm.volumes[0].id}


def test_a_refusal_is_raised_before_anything_is_done(xapi: Xapi, provider: hvlib.Provider, vm: hvlib.VM) -> None:
    snapshot = vm.snapshot("kept").wait(timeout=SOON)
    before = disks(xapi)
    vm.start().wait(timeout=SOON)
    with pytest.raises(hvlib.InvalidState):
        vm.delete().wait(timeout=SOON)
    vm.stop().wait(timeout=SOON)
    xapi.call("VM.set_blocked_operations", snapshot.ref.id, {"destroy": "kept"})
    with pytest.raises(hvlib.InvalidState):
        vm.delete().wait(timeout=SOON)
    xapi.call("VM.set_blocked_operations", snapshot.ref.id, {})
    xapi.write("VDI", vm.volumes[0].id, managed=False)
    with pytest.raises(hvlib.InvalidState, match="does not manage"):
        vm.delete().wait(timeout=SOON)
    assert disks(xapi) == before
    assert vm.refresh().power_state == "halted"
    vm.delete(keep_volumes=vm.volumes).wait(timeout=SOON)
    assert vm.volumes[0].id in disks(xapi)


def test_a_disk_that_can_not_be_deleted_does_not_keep_the_others(xapi: Xapi, vm: hvlib.VM) -> None:
    before = disks(xapi) - {vm.volumes[0].id}
    for number in range(3):
        attach(xapi, vm, a_disk(xapi, f"disk {number}"), owner="")
    xapi.add_fault("http_500", "Async.VDI.destroy")
    with pytest.raises(hvlib.ProtocolError) as caught:
        vm.delete().wait(timeout=SOON)
    [left] = disks(xapi) - before
    assert left in str(caught.value)


def test_a_half_made_vm_is_cleared_away_as_far_as_possible(xapi: Xapi, provider: hvlib.Provider, vm: hvlib.VM) -> None:
    attach(xapi, vm, a_disk(xapi, "more"), owner="")
    xapi.call("VM.set_is_a_template", vm.ref.id, True)
    [image] = provider.image.images.get_by_name_label("made")
    before = disks(xapi)
    xapi.add_fault("http_500", "Async.VM.provision")
    xapi.add_fault("http_500", "Async.VDI.destroy")
    with pytest.raises(hvlib.ProtocolError):
        provider.compute.vms.create("another", image=image).wait(timeout=SOON)
    assert len(disks(xapi) - before) == 1
    assert not provider.compute.vms.get_by_name_label("another")
