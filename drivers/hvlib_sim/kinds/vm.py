"""Virtual machines."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from msgspec.structs import replace

from hvlib.driver import Reached, Started, Steps, action, steps
from hvlib.driver.table import Field, Table
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Cluster, Flavor, Host, Image, Network, Volume
from hvlib_sim.adapter import LabelledAdapter, required
from hvlib_sim.fields import COMMON, attributes, ref_to, refs_to
from hvlib_sim.lab import hardware, lifecycle, objects, power

__all__ = ["VMs"]


def _check_new(create: actions.CreateVM) -> None:
    """Raise `InvalidQuery` for an empty name, and for sizes below 1."""
    required(bool(create.name_label), "a name can't be empty")
    _check_sizes(create.vcpus, create.memory_bytes)


def _check_sizes(vcpus: int | None, memory_bytes: int | None) -> None:
    required(vcpus is None or vcpus > 0, f"vcpus can't be {vcpus}")
    required(memory_bytes is None or memory_bytes > 0, f"memory_bytes can't be {memory_bytes}")


class VMs(LabelledAdapter[VM]):
    """Virtual machines. A halted VM stays on its host. `hvlib_sim.lab.power` lists the states that operations need.

    In create and delete, every refusal fails the task. In rename, set_tags and shutdown, every refusal is raised at the
    call. In all others, a ref of an object that does not exist raises `NotFound` at the call, and any other refusal
    fails the task.
    """

    kind = VM
    source = objects.VM
    table = Table(
        VM,
        "VM",
        {
            **COMMON,
            **attributes("power_state", "vcpus", "memory_bytes", "guest_os", "guest_hostname", "ip_addresses"),
            "host": ref_to(Host, "host"),
            "cluster": ref_to(Cluster, "cluster"),
            "networks": refs_to(Network, "networks"),
            "volumes": refs_to(Volume, "volumes"),
            "image": ref_to(Image, "image"),
            "flavor": ref_to(Flavor, "flavor"),
            "status": Field("power_state", stored="power_state"),
            **attributes("problem", "booted_at"),
        },
    )

    @action(actions.Start)
    def start(self, vm: Ref | None, action: actions.Start) -> Started:
        """`InvalidState` unless the VM is halted."""
        return self.run(power.start, vm, action)

    @action(actions.Stop)
    def stop(self, vm: Ref | None, action: actions.Stop) -> Started:
        """`InvalidState` if the VM is halted."""
        return self.run(power.stop, vm, action)

    @action(actions.Shutdown)
    def shutdown(self, vm: Ref, action: actions.Shutdown) -> Reached:
        """The call returns at once; the VM is halted after the lab's task time. `InvalidState` unless it runs."""
        self.perform(power.shutdown, vm, action)
        return Reached(vm, {"power_state": "halted"}, fails={"power_state": "suspended"})

    @action(actions.Reboot)
    def reboot(self, vm: Ref | None, action: actions.Reboot) -> Started:
        """`InvalidState` unless the VM runs."""
        return self.run(power.reboot, vm, action)

    @action(actions.Suspend)
    def suspend(self, vm: Ref | None, action: actions.Suspend) -> Started:
        """`InvalidState` unless the VM runs."""
        return self.run(power.suspend, vm, action)

    @action(actions.Resume)
    def resume(self, vm: Ref | None, action: actions.Resume) -> Started:
        """`InvalidState` unless the VM is suspended."""
        return self.run(power.resume, vm, action)

    @action(actions.Pause)
    def pause(self, vm: Ref | None, action: actions.Pause) -> Started:
        """`InvalidState` unless the VM runs."""
        return self.run(power.pause, vm, action)

    @action(actions.Unpause)
    def unpause(self, vm: Ref | None, action: actions.Unpause) -> Started:
        """`InvalidState` unless the VM is paused."""
        return self.run(power.unpause, vm, action)

    @action(actions.Resize)
    def resize(self, vm: Ref | None, action: actions.Resize) -> Started:
        """`InvalidState` unless the VM is halted, `InvalidQuery` for sizes below 1."""
        _check_sizes(action.vcpus, action.memory_bytes)
        return self.run(hardware.resize, vm, action)

    @action(actions.TakeSnapshot)
    def snapshot(self, vm: Ref | None, action: actions.TakeSnapshot) -> Started:
        """Allowed in any state. The memory is kept if the action asks for it and the VM runs or is paused."""
        return self.run(lifecycle.snapshot, vm, action)

    @action(actions.Revert)
    def revert(self, vm: Ref | None, action: actions.Revert) -> Started:
        """Allowed in any state. `NotFound` if the snapshot belongs to another VM."""
        return self.run(lifecycle.revert, vm, action)

    @action(actions.Clone)
    def clone(self, vm: Ref | None, action: actions.Clone) -> Started:
        """Allowed in any state. Volumes that were attached separately are not copied."""
        required(bool(action.name_label), "a name can't be empty")
        return self.run(lifecycle.clone, vm, action)

    @action(actions.Migrate)
    def migrate(self, vm: Ref | None, action: actions.Migrate) -> Started:
        """`InvalidState` if the host is not up or is the VM's own. A running VM that is not moved live is restarted."""
        return self.run(hardware.migrate, vm, action)

    @action(actions.AttachVolume)
    def attach_volume(self, vm: Ref | None, action: actions.AttachVolume) -> Started:
        """`Conflict` if the volume is attached, to this VM or another."""
        return self.run(hardware.attach_volume, vm, action)

    @action(actions.DetachVolume)
    def detach_volume(self, vm: Ref | None, action: actions.DetachVolume) -> Started:
        """`NotFound` if the volume is not attached to this VM. A disk made with the VM becomes a separate volume."""
        return self.run(hardware.detach_volume, vm, action)

    @action(actions.AttachNetwork)
    def attach_network(self, vm: Ref | None, action: actions.AttachNetwork) -> Started:
        """`Conflict` if the VM has an interface on the network."""
        return self.run(hardware.attach_network, vm, action)

    @action(actions.DetachNetwork)
    def detach_network(self, vm: Ref | None, action: actions.DetachNetwork) -> Started:
        """`NotFound` if the VM has no interface on the network."""
        return self.run(hardware.detach_network, vm, action)

    @steps(actions.Delete)
    def delete(self, vm: Ref, delete: actions.Delete, steps: Steps) -> None:
        """detach-volume for each volume to keep, then delete-vm. `InvalidState` if the VM runs or is paused."""
        attached = steps.read(lambda: self._volumes_of_deletable(vm))
        for volume in (ref for ref in delete.keep_volumes if ref.id in attached):
            detach = partial(self.run, hardware.detach_volume, vm, actions.DetachVolume(volume))
            steps.run(detach, undo=partial(self._attach, vm, volume))
        steps.run(lambda: self.run(lifecycle.delete_vm, vm, delete))

    @steps(actions.CreateVM, values=_check_new)
    def create(self, _: None, create: actions.CreateVM, steps: Steps) -> Ref | None:
        """create-vm, then attach-volume for each volume, then start if the action asks for it.

        `Conflict` if a volume is attached elsewhere, `InvalidState` if the host is not up.
        """
        new = replace(create, volumes=(), start=False)
        vm = steps.run(lambda: self.run(lifecycle.create_vm, None, new), undo=self._remove)
        for volume in create.volumes:
            steps.run(partial(self._attach, vm, volume))
        if create.start:
            start, stop = actions.Start(), actions.Stop()
            steps.run(lambda: self.run(power.start, vm, start), undo=lambda _: self.run(power.stop, vm, stop))
        return vm

    def _attach(self, vm: Ref | None, volume: Ref, _undone: None = None) -> Started:
        """Also an ``undo``, which core calls with the result of the step."""
        return self.run(hardware.attach_volume, vm, actions.AttachVolume(volume))

    def _remove(self, vm: Ref) -> Started:
        return self.run(lifecycle.delete_vm, vm, actions.Delete())

    def _volumes_of_deletable(self, vm: Ref) -> Collection[str]:
        """The ids of a VM's volumes. Raises `InvalidState` if the VM's power state does not allow deletion."""
        with self.client.call("Get"), self.client.lab.reading() as store:
            current = store.get(objects.VM, vm.id)
            lifecycle.delete_vm.check(current)
            return current.volumes
