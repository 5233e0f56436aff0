"""A check for each action that changes a VM's name, tags, size or host, copies it or deletes it."""

from __future__ import annotations

from functools import partial
from typing import Any

import hvlib
from hvlib.conformance.acting import GIB, PATIENCE, Acting, refused
from hvlib.model import actions
from hvlib.model.resources import VM, Flavor, Host, Snapshot, Volume

__all__ = ["clone", "delete", "migrate", "rename", "resize", "revert", "set_tags", "snapshot"]


def rename(acting: Acting) -> None:
    vm = acting.halted()
    acting.check_result(vm, vm.rename("conformance renamed / 50%"), name_label="conformance renamed / 50%")
    assert [found.ref for found in acting.provider.compute.vms.get_by_name_label("conformance renamed / 50%")] == [
        vm.ref
    ]


def set_tags(acting: Acting) -> None:
    vm = acting.halted()
    acting.check_result(vm, vm.set_tags(["b", "a"]), tags=("a", "b"))
    acting.check_result(vm, vm.set_tags([]), tags=())


def resize(acting: Acting) -> None:
    vm = acting.halted()
    if acting.serves(Flavor):
        flavor = acting.require(Flavor, lambda flavor: flavor.memory_bytes not in (vm.memory_bytes, None))
        sizes = {"vcpus": flavor.vcpus, "memory_bytes": flavor.memory_bytes}
        acting.check_result(vm, vm.resize(flavor=flavor), **sizes)
        return
    acting.check_result(vm, vm.resize(vcpus=2, memory_bytes=3 * GIB), vcpus=2, memory_bytes=3 * GIB)
    acting.check_result(vm, vm.resize(vcpus=1), vcpus=1, memory_bytes=3 * GIB)


def snapshot(acting: Acting) -> None:
    vm = acting.halted()
    first = vm.snapshot("first").wait(timeout=PATIENCE)
    second = vm.snapshot("second").wait(timeout=PATIENCE)
    assert (first.name_label, first.vm, second.vm) == ("first", vm.ref, vm.ref)
    if "parent" in acting.provider.compute.snapshots.fields:
        assert (first.parent, second.parent) == (None, first.ref)
    acting.check_values(first, name_label="first", vm=vm.ref.id, parent=None, has_memory=False)
    acting.check_values(second, name_label="second", vm=vm.ref.id, parent=first.ref.id, has_memory=False)
    running = acting.running()
    for memory in (False, True):
        kept = acting.result_if_supported(partial(running.snapshot, "kept", memory=memory))
        if kept is not None:
            acting.check_values(kept, name_label="kept", vm=running.ref.id, has_memory=memory)
            acting.check_values(running, power_state="running")


def revert(acting: Acting) -> None:
    """Revert a VM whose size and power state have changed since the snapshot."""
    vm, other = acting.halted(), acting.halted()
    kept = vm.snapshot("kept").wait(timeout=PATIENCE)
    before = acting.fields(vm)
    if acting.declares(VM, actions.Resize):
        _resize_somehow(acting, vm)
        assert acting.fields(vm) != before
    acting.site.set_power(vm.ref.id, "running")
    assert vm.revert(kept).wait(timeout=PATIENCE).ref == vm.ref
    acting.check_values(
        vm, **{name: before[name] for name in ("power_state", "vcpus", "memory_bytes") if name in before}
    )
    with refused(hvlib.NotFound, hvlib.InvalidQuery, hvlib.InvalidState, hvlib.Conflict):
        other.revert(kept).wait(timeout=PATIENCE)


def clone(acting: Acting) -> None:
    vm = acting.halted()
    copy = vm.clone("conformance copy").wait(timeout=PATIENCE)
    try:
        assert copy.ref != vm.ref
        assert (copy.uuid != vm.uuid, copy.name_label, copy.power_state) == (True, "conformance copy", "halted")
        original, made = acting.fields(vm), acting.fields(copy)
        # The image is not compared: the server may make a new one from the original.
        same = {name: original[name] for name in ("vcpus", "memory_bytes", "networks") if name in original}
        acting.check_values(copy, name_label="conformance copy", power_state="halted", **same)
        disks, copies = _volumes(original), _volumes(made)
        assert (len(copies), copies & disks) == (len(disks), set())
    finally:
        acting.remove(copy)


def migrate(acting: Acting) -> None:
    vm = acting.running()
    host = acting.require(Host, lambda host: host.state == "up" and host.ref != vm.host)
    booted = acting.last_boot(vm)
    moved = vm.migrate(host=host).wait(timeout=PATIENCE)
    assert (moved.ref, moved.host) == (vm.ref, host.ref)
    acting.check_values(vm, host=host.ref.id, power_state="running")
    assert acting.last_boot(vm) == booted, "the guest was restarted by a live migration"
    origin = acting.require(Host, lambda host: host.ref == vm.host)
    if acting.result_if_supported(lambda: vm.migrate(host=origin, live=False)) is not None:
        acting.check_values(vm, host=origin.ref.id)
    _migrate_volumes(acting)


def delete(acting: Acting) -> None:
    vm = acting.halted()
    owned = _volumes(acting.fields(vm))
    snapped = acting.can_verify("snapshots") and acting.declares(VM, actions.TakeSnapshot)
    kept = vm.snapshot("kept").wait(timeout=PATIENCE) if snapped else None
    assert vm.delete().wait(timeout=PATIENCE) is None
    assert not acting.exists(vm)
    if kept is not None and acting.serves(Snapshot):
        assert not acting.exists(kept)
    if acting.serves(Volume):
        assert not owned & acting.site.truth(Volume).keys()
        assert acting.provider.get_many(vm.volumes) == {}
        _delete_but_keep(acting)
    with refused(hvlib.NotFound):
        vm.delete().wait(timeout=PATIENCE)


def _delete_but_keep(acting: Acting) -> None:
    """Delete a VM and keep a volume, if the VM has one and the driver supports it."""
    vm = acting.halted()
    kept = acting.find(Volume, lambda volume: vm.ref in volume.vms)
    if kept is None:
        return
    try:
        vm.delete(keep_volumes=[kept]).wait(timeout=PATIENCE)
    except (hvlib.Unsupported, hvlib.InvalidQuery):
        return
    assert not acting.exists(vm)
    assert acting.exists(kept)
    acting.check_values(kept, name_label=kept.name_label, size_bytes=kept.size_bytes, vms=())
    acting.remove(kept)


def _migrate_volumes(acting: Acting) -> None:
    vm = acting.running()
    pool = acting.find_other_pool(acting.pools(vm))
    if pool is None or not acting.pools(vm):
        return
    if acting.result_if_supported(lambda: vm.migrate(pool=pool)) is not None:
        assert acting.pools(vm) == {pool.ref.id}
        acting.check_values(vm, power_state="running")


def _resize_somehow(acting: Acting, vm: hvlib.VM) -> None:
    """Give a VM any other size."""
    if acting.serves(Flavor):
        flavor = acting.require(Flavor, lambda flavor: flavor.memory_bytes not in (vm.memory_bytes, None))
        vm.resize(flavor=flavor).wait(timeout=PATIENCE)
    else:
        vm.resize(vcpus=2, memory_bytes=3 * GIB).wait(timeout=PATIENCE)


def _volumes(vm: dict[str, Any]) -> set[str]:
    return set(vm.get("volumes", ()))
