"""A check for each action: it does what it says, is refused where it must be, and the server's own word agrees."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

import hvlib
from hvlib import actions
from hvlib.actions import Action
from hvlib.conformance.fixtures import NewVM
from hvlib.conformance.site import Site
from hvlib.resources import VM, Flavor, Host, Image, Network, PowerState, Resource, Snapshot, TaskRecord, Volume

__all__ = ["CHECKS", "PATIENCE", "Acting"]

PATIENCE = 60.0
"""Seconds in which an operation on a test server must be over."""

GIB = 2**30


class Acting:
    """A provider to act through, on VMs of one's own."""

    def __init__(self, site: Site, provider: hvlib.Provider, new_vm: NewVM) -> None:
        self.site = site
        self.provider = provider
        self._new_vm = new_vm

    def halted(self) -> hvlib.VM:
        """A new VM, off."""
        id = self._new_vm("conformance")
        return next(vm for vm in self.provider.compute.vms.get_by_name_label("conformance") if vm.ref.id == id)

    def running(self) -> hvlib.VM:
        """A new VM, on."""
        vm = self.halted()
        self.site.set_power(vm.ref.id, "running")
        return vm.refresh()

    def other(self, kind: type[Resource], fits: Callable[[Any], bool]) -> Any:
        """Some object that fits."""
        return next(record for record in self.provider.collection(kind.kind).get_all() if fits(record))

    def declares(self, kind: type[Resource], action: type[Action]) -> bool:
        """Whether the server takes an action on a kind."""
        served = self.provider._connection.session.adapters
        return kind in served and action in served[kind].actions

    def fields(self, vm: hvlib.VM) -> dict[str, object]:
        """A VM as the server itself has it."""
        return dict(self.site.truth(VM)[vm.ref.id])

    def exists(self, record: Resource) -> bool:
        """Whether the server itself has an object."""
        return record.ref.id in self.site.truth(type(self.provider).collection(self.provider, record.ref.kind).kind)

    def remove(self, record: Resource) -> None:
        """Delete what a check has made."""
        if isinstance(record, VM):
            self.site.delete_vm(record.ref.id)
        elif self.declares(self.provider.collection(record.ref.kind).kind, actions.Delete):
            record.do(actions.Delete()).wait(timeout=PATIENCE)

    def becomes(self, vm: hvlib.VM, task: hvlib.Task[VM], **fields: object) -> hvlib.VM:
        """The task's result, which has these values, as the server has."""
        after = task.wait(timeout=PATIENCE)
        assert after.ref == vm.ref
        assert {name: getattr(after, name) for name in fields} == fields
        told = self.fields(vm)
        assert {name: told[name] for name in fields} == fields
        assert (task.state, task.progress, task.error) == ("succeeded", 1.0, None)
        return after


@contextmanager
def refused(*errors: type[hvlib.HvlibError]) -> Iterator[None]:
    """The server refuses it, at the call or in the task, and hvlib says so by one of these classes."""
    with pytest.raises(errors):
        yield


def reaches(acting: Acting, vm: hvlib.VM, ask: Callable[[hvlib.VM], hvlib.Task[VM]], state: PowerState) -> None:
    """The VM comes to be in a state, and as it is there, another such request is refused."""
    acting.becomes(vm, ask(vm), power_state=state)
    with refused(hvlib.InvalidState):
        ask(vm).wait(timeout=PATIENCE)


def start(acting: Acting) -> None:
    reaches(acting, acting.halted(), VM.start, "running")


def stop(acting: Acting) -> None:
    reaches(acting, acting.running(), VM.stop, "halted")


def shutdown(acting: Acting) -> None:
    vm = acting.running()
    vm.shutdown().wait(timeout=PATIENCE)
    assert vm.wait_for(power_state="halted", timeout=PATIENCE).ref == vm.ref
    with refused(hvlib.InvalidState):
        vm.shutdown().wait(timeout=PATIENCE)


def reboot(acting: Acting) -> None:
    vm = acting.running()
    for hard in (False, True):
        vm.reboot(hard=hard).wait(timeout=PATIENCE)
        assert vm.wait_for(power_state="running", timeout=PATIENCE).ref == vm.ref
    halted = acting.halted()
    for hard in (False, True):
        with refused(hvlib.InvalidState):
            halted.reboot(hard=hard).wait(timeout=PATIENCE)


def suspend(acting: Acting) -> None:
    reaches(acting, acting.running(), VM.suspend, "suspended")


def resume(acting: Acting) -> None:
    vm = acting.running()
    vm.suspend().wait(timeout=PATIENCE)
    reaches(acting, vm, VM.resume, "running")


def pause(acting: Acting) -> None:
    reaches(acting, acting.running(), VM.pause, "paused")


def unpause(acting: Acting) -> None:
    vm = acting.running()
    vm.pause().wait(timeout=PATIENCE)
    reaches(acting, vm, VM.unpause, "running")


def rename(acting: Acting) -> None:
    vm = acting.halted()
    acting.becomes(vm, vm.rename("conformance renamed / 50%"), name_label="conformance renamed / 50%")
    assert [found.ref for found in acting.provider.compute.vms.get_by_name_label("conformance renamed / 50%")] == [
        vm.ref
    ]


def set_tags(acting: Acting) -> None:
    vm = acting.halted()
    acting.becomes(vm, vm.set_tags(["b", "a"]), tags=("a", "b"))
    acting.becomes(vm, vm.set_tags([]), tags=())


def resize(acting: Acting) -> None:
    vm = acting.halted()
    if Flavor in acting.provider._connection.session.adapters:
        flavor = acting.other(Flavor, lambda flavor: flavor.memory_bytes not in (vm.memory_bytes, None))
        sizes = {"vcpus": flavor.vcpus, "memory_bytes": flavor.memory_bytes}
        acting.becomes(vm, vm.resize(flavor=flavor), **sizes)
        return
    acting.becomes(vm, vm.resize(vcpus=2, memory_bytes=3 * GIB), vcpus=2, memory_bytes=3 * GIB)
    acting.becomes(vm, vm.resize(vcpus=1), vcpus=1, memory_bytes=3 * GIB)


def snapshot(acting: Acting) -> None:
    vm = acting.halted()
    first = vm.snapshot("first").wait(timeout=PATIENCE)
    second = vm.snapshot("second").wait(timeout=PATIENCE)
    assert (first.name_label, first.vm, second.vm) == ("first", vm.ref, vm.ref)
    if "parent" in acting.provider.compute.snapshots.fields:
        assert (first.parent, second.parent) == (None, first.ref)
    assert acting.exists(first)
    assert acting.exists(second)


def revert(acting: Acting) -> None:
    vm, other = acting.halted(), acting.halted()
    kept = vm.snapshot("kept").wait(timeout=PATIENCE)
    assert vm.revert(kept).wait(timeout=PATIENCE).ref == vm.ref
    with refused(hvlib.NotFound, hvlib.InvalidQuery, hvlib.InvalidState, hvlib.Conflict):
        other.revert(kept).wait(timeout=PATIENCE)


def delete_snapshot(acting: Acting) -> None:
    vm = acting.halted()
    kept = vm.snapshot("kept").wait(timeout=PATIENCE)
    assert kept.delete().wait(timeout=PATIENCE) is None
    assert not acting.exists(kept)
    with refused(hvlib.NotFound):
        kept.delete().wait(timeout=PATIENCE)


def clone(acting: Acting) -> None:
    vm = acting.halted()
    copy = vm.clone("conformance copy").wait(timeout=PATIENCE)
    try:
        assert copy.ref != vm.ref
        assert (copy.uuid != vm.uuid, copy.name_label, copy.power_state) == (True, "conformance copy", "halted")
        assert acting.exists(copy)
    finally:
        acting.remove(copy)


def migrate(acting: Acting) -> None:
    vm = acting.running()
    host = acting.other(Host, lambda host: host.state == "up" and host.ref != vm.host)
    moved = vm.migrate(host=host).wait(timeout=PATIENCE)
    assert (moved.ref, moved.host) == (vm.ref, host.ref)
    assert acting.fields(vm)["host"] == host.ref.id


def attach_volume(acting: Acting) -> None:
    vm, other = acting.halted(), acting.halted()
    volume = acting.other(Volume, lambda volume: not volume.vms)
    assert volume.ref in vm.attach_volume(volume).wait(timeout=PATIENCE).volumes
    assert volume.refresh().vms == (vm.ref,)
    with refused(hvlib.Conflict, hvlib.InvalidState):
        other.attach_volume(volume).wait(timeout=PATIENCE)
    if acting.declares(VM, actions.Delete):
        # Attached apart: it stays.
        vm.delete().wait(timeout=PATIENCE)
        assert volume.refresh().vms == ()


def detach_volume(acting: Acting) -> None:
    vm = acting.halted()
    volume = acting.other(Volume, lambda volume: not volume.vms)
    vm.attach_volume(volume).wait(timeout=PATIENCE)
    assert volume.ref not in vm.detach_volume(volume).wait(timeout=PATIENCE).volumes
    assert volume.refresh().vms == ()


def attach_network(acting: Acting) -> None:
    vm = acting.halted()
    network = acting.other(Network, lambda network: network.ref not in vm.networks)
    assert network.ref in vm.attach_network(network).wait(timeout=PATIENCE).networks


def detach_network(acting: Acting) -> None:
    vm = acting.halted()
    network = acting.other(Network, lambda network: network.ref not in vm.networks)
    vm.attach_network(network).wait(timeout=PATIENCE)
    assert network.ref not in vm.detach_network(network).wait(timeout=PATIENCE).networks


def delete(acting: Acting) -> None:
    vm = acting.halted()
    assert vm.delete().wait(timeout=PATIENCE) is None
    assert not acting.exists(vm)
    if "volumes" in acting.provider.compute.vms.fields:
        assert acting.provider.get_many(vm.volumes) == {}
    with refused(hvlib.NotFound):
        vm.delete().wait(timeout=PATIENCE)


def create(acting: Acting) -> None:
    image = acting.other(Image, lambda _: True)
    sizes: dict[str, Any] = {}
    if Flavor in acting.provider._connection.session.adapters:
        sizes = {"flavor": acting.other(Flavor, lambda _: True)}
    vm = acting.provider.compute.vms.create("conformance made", image=image, **sizes).wait(timeout=PATIENCE)
    try:
        assert vm.name_label == "conformance made"
        assert acting.fields(vm)["name_label"] == "conformance made"
        assert "image" not in acting.provider.compute.vms.fields or vm.image == image.ref
        assert all(getattr(vm, name) == getattr(sizes["flavor"], name) for name in ("vcpus", "memory_bytes") if sizes)
    finally:
        acting.remove(vm)


def create_volume(acting: Acting) -> None:
    volume = acting.provider.storage.volumes.create("conformance", GIB).wait(timeout=PATIENCE)
    assert (volume.name_label, volume.size_bytes, volume.vms) == ("conformance", GIB, ())
    assert acting.exists(volume)
    acting.remove(volume)


def resize_volume(acting: Acting) -> None:
    volume = acting.provider.storage.volumes.create("conformance", GIB).wait(timeout=PATIENCE)
    assert volume.resize(2 * GIB).wait(timeout=PATIENCE).size_bytes == 2 * GIB
    acting.remove(volume)


def delete_volume(acting: Acting) -> None:
    volume = acting.provider.storage.volumes.create("conformance", GIB).wait(timeout=PATIENCE)
    assert volume.delete().wait(timeout=PATIENCE) is None
    assert not acting.exists(volume)
    used = acting.other(Volume, lambda volume: bool(volume.vms))
    with refused(hvlib.InvalidState, hvlib.Conflict):
        used.delete().wait(timeout=PATIENCE)


def create_network(acting: Acting) -> None:
    network = acting.provider.network.networks.create("conformance").wait(timeout=PATIENCE)
    assert network.name_label == "conformance"
    assert acting.exists(network)
    acting.remove(network)


def delete_network(acting: Acting) -> None:
    network = acting.provider.network.networks.create("conformance").wait(timeout=PATIENCE)
    assert network.do(actions.Delete()).wait(timeout=PATIENCE) is None
    assert not acting.exists(network)


def cancel(acting: Acting) -> None:
    """Cancelled or not, the task says what has become of the VM."""
    vm = acting.halted()
    task = vm.start()
    with suppress(hvlib.InvalidState):
        task.cancel()
    try:
        state = task.wait(timeout=PATIENCE).power_state
    except hvlib.TaskCancelled:
        state = "halted"
    assert acting.fields(vm)["power_state"] == state
    deadline = time.monotonic() + PATIENCE
    while task.state not in ("succeeded", "cancelled"):
        assert time.monotonic() < deadline
    with refused(hvlib.InvalidState):
        task.cancel()


CHECKS: dict[tuple[type[Resource], type[Action]], Callable[[Acting], None]] = {
    (VM, actions.Start): start,
    (VM, actions.Stop): stop,
    (VM, actions.Shutdown): shutdown,
    (VM, actions.Reboot): reboot,
    (VM, actions.Suspend): suspend,
    (VM, actions.Resume): resume,
    (VM, actions.Pause): pause,
    (VM, actions.Unpause): unpause,
    (VM, actions.Rename): rename,
    (VM, actions.SetTags): set_tags,
    (VM, actions.Resize): resize,
    (VM, actions.TakeSnapshot): snapshot,
    (VM, actions.Revert): revert,
    (VM, actions.Clone): clone,
    (VM, actions.Migrate): migrate,
    (VM, actions.AttachVolume): attach_volume,
    (VM, actions.DetachVolume): detach_volume,
    (VM, actions.AttachNetwork): attach_network,
    (VM, actions.DetachNetwork): detach_network,
    (VM, actions.Delete): delete,
    (VM, actions.CreateVM): create,
    (Snapshot, actions.Delete): delete_snapshot,
    (Volume, actions.CreateVolume): create_volume,
    (Volume, actions.ResizeVolume): resize_volume,
    (Volume, actions.Delete): delete_volume,
    (Network, actions.CreateNetwork): create_network,
    (Network, actions.Delete): delete_network,
    (TaskRecord, actions.Cancel): cancel,
}
