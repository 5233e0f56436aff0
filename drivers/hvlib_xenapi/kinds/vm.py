"""Virtual machines: the class VM. Templates are images, snapshots a kind of their own, control domains neither."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from hvlib.driver import Done, Started, action
from hvlib.driver.table import NOT_STORED, Constant, Field, Joined, RefsTo, RefTo, Table
from hvlib.model import actions
from hvlib.model.errors import InvalidQuery, Unsupported
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Cluster, Host, Network, PowerState, Volume
from hvlib_xenapi.adapter import LABELS, TAGS, LabelledAdapter
from hvlib_xenapi.joins import Backward, Forward
from hvlib_xenapi.operations.attachment import attach_network, attach_volume, detach
from hvlib_xenapi.operations.creation import create_vm
from hvlib_xenapi.operations.migration import move_disks
from hvlib_xenapi.operations.removal import remove
from hvlib_xenapi.operations.resizing import resize
from hvlib_xenapi.operations.steps import Steps
from hvlib_xenapi.values import known_moment, reference, references, stored_reference, text
from hvlib_xenapi.wire.rows import Row

__all__ = ["VMs"]

POWER_STATES: Mapping[str, PowerState] = {
    "Running": "running",
    "Halted": "halted",
    "Paused": "paused",
    "Suspended": "suspended",
}
STORED_STATES = {state: stored for stored, state in POWER_STATES.items()}

OS = Forward("VM_guest_metrics", ("os_version",), via="guest_metrics")
NETBIOS = Forward("VM_guest_metrics", ("netbios_name",), via="guest_metrics")
ADDRESSES = Forward("VM_guest_metrics", ("networks",), via="guest_metrics")
METRICS = Forward("VM_metrics", ("install_time",), via="metrics")
INTERFACES = Backward("VIF", ("network", "device"), by="VM", refs="VIFs")
DISKS = Backward("VBD", ("VDI", "type", "userdevice"), by="VM", refs="VBDs")


def addresses(guest: Row | None) -> tuple[str, ...]:
    """Return the addresses that the guest reports by interface: ``0/ip``, ``0/ipv4/0``, ``0/ipv6/0`` and so on."""
    networks = {} if guest is None else guest.networks
    return tuple(dict.fromkeys(networks[key] for key in sorted(networks) if networks[key]))


def hostname(guest: Row | None) -> str | None:
    """Return the name that the guest reports; old servers keep none."""
    return guest and text((guest.netbios_name or {}).get("host_name"))


def in_order(field: str, rows: Iterable[Row]) -> list[Row]:
    """Devices by their position, a number as text."""
    return sorted(rows, key=lambda row: (len(getattr(row, field)), getattr(row, field)))


def networks(interfaces: Mapping[str, Row]) -> list[str]:
    """Return the references of the networks that a VM's interfaces are on."""
    return references(row.network for row in in_order("device", interfaces.values()))


def disks(drives: Mapping[str, Row]) -> list[str]:
    """Return the references of the volumes in a VM's drives. CDs are none."""
    return references(row.VDI for row in in_order("userdevice", drives.values()) if row.type == "Disk")


TABLE = Table(
    VM,
    "VM",
    {
        **LABELS,
        **TAGS,
        "created_at": Joined(METRICS, convert=lambda metrics: metrics and known_moment(metrics.install_time)),
        "power_state": Field(
            "power_state",
            convert=lambda state: POWER_STATES.get(state, "unknown"),
            stored="power_state",
            encode=lambda state: STORED_STATES.get(state, NOT_STORED),
        ),
        "vcpus": Field("VCPUs_at_startup"),
        "memory_bytes": Field("memory_dynamic_max"),
        "guest_os": Joined(OS, convert=lambda guest: guest and text(guest.os_version.get("name"))),
        "guest_hostname": Joined(NETBIOS, convert=hostname),
        "ip_addresses": Joined(ADDRESSES, convert=addresses),
        "host": RefTo(Host, Field("resident_on", convert=reference), stored="resident_on", encode=stored_reference),
        "cluster": RefTo(Cluster, Constant(lambda client: client.login.pool)),
        "networks": RefsTo(Network, Joined(INTERFACES, convert=networks)),
        "volumes": RefsTo(Volume, Joined(DISKS, convert=disks)),
    },
    where={"is_a_template": False, "is_a_snapshot": False, "is_control_domain": False},
)


class VMs(LabelledAdapter[VM]):
    """Virtual machines."""

    kind: ClassVar[type[VM]] = VM
    table = TABLE

    @action(actions.Start)
    def start(self, vm: Ref, start: actions.Start) -> Started:  # noqa: ARG002
        """VM.start."""
        return self.start_task("VM.start", vm.id, False, False)

    @action(actions.Stop)
    def stop(self, vm: Ref, stop: actions.Stop) -> Started:  # noqa: ARG002
        """VM.hard_shutdown."""
        return self.start_task("VM.hard_shutdown", vm.id)

    @action(actions.Shutdown)
    def shutdown(self, vm: Ref, shutdown: actions.Shutdown) -> Started:  # noqa: ARG002
        """VM.clean_shutdown; the task ends when the guest is down."""
        return self.start_task("VM.clean_shutdown", vm.id)

    @action(actions.Reboot)
    def reboot(self, vm: Ref, reboot: actions.Reboot) -> Started:
        """VM.clean_reboot or VM.hard_reboot."""
        return self.start_task("VM.hard_reboot" if reboot.hard else "VM.clean_reboot", vm.id)

    @action(actions.Suspend)
    def suspend(self, vm: Ref, suspend: actions.Suspend) -> Started:  # noqa: ARG002
        """VM.suspend."""
        return self.start_task("VM.suspend", vm.id)

    @action(actions.Resume)
    def resume(self, vm: Ref, resume: actions.Resume) -> Started:  # noqa: ARG002
        """VM.resume."""
        return self.start_task("VM.resume", vm.id, False, False)

    @action(actions.Pause)
    def pause(self, vm: Ref, pause: actions.Pause) -> Started:  # noqa: ARG002
        """VM.pause."""
        return self.start_task("VM.pause", vm.id)

    @action(actions.Unpause)
    def unpause(self, vm: Ref, unpause: actions.Unpause) -> Started:  # noqa: ARG002
        """VM.unpause."""
        return self.start_task("VM.unpause", vm.id)

    @action(actions.Resize)
    def resize(self, vm: Ref, wanted: actions.Resize) -> Done:
        """VM.set_memory_limits, VM.set_VCPUs_max, VM.set_VCPUs_at_startup. The VM must be off."""
        if wanted.flavor is not None:
            raise Unsupported("XenAPI has no flavors", hint="vcpus= and memory_bytes=")
        resize(self.steps(), vm.id, wanted.vcpus, wanted.memory_bytes)
        return Done(vm)

    @action(actions.TakeSnapshot)
    def snapshot(self, vm: Ref, snapshot: actions.TakeSnapshot) -> Started:
        """VM.snapshot; with memory VM.checkpoint, unless the VM is off and has none."""
        memory = snapshot.memory and self._row(vm, "power_state").power_state != "Halted"
        name = "VM.checkpoint" if memory else "VM.snapshot"
        return self.start_task(name, vm.id, snapshot.name_label)

    @action(actions.Revert)
    def revert(self, vm: Ref, revert: actions.Revert) -> Started:
        """VM.revert, after a look whose snapshot it is."""
        if self.record("VM", revert.snapshot.id, "snapshot_of").snapshot_of != vm.id:
            raise InvalidQuery(f"{revert.snapshot.id} is no snapshot of the VM {vm.id}")
        return self.start_task("VM.revert", revert.snapshot.id)

    @action(actions.Clone)
    def clone(self, vm: Ref, clone: actions.Clone) -> Started:
        """VM.clone."""
        return self.start_task("VM.clone", vm.id, clone.name_label)

    @action(actions.Migrate)
    def migrate(self, vm: Ref, migrate: actions.Migrate) -> Started:
        """VM.pool_migrate; with a storage pool VM.migrate_send."""
        row = self._row(vm, "resident_on")
        if migrate.pool is not None:
            return move_disks(self.steps(), vm.id, row.resident_on, migrate)
        if migrate.host is None:
            raise InvalidQuery("XenAPI chooses no host to migrate to", hint="host=")
        options = {"live": "true" if migrate.live else "false"}
        return self.start_task("VM.pool_migrate", vm.id, migrate.host.id, options)

    @action(actions.AttachVolume)
    def attach_volume(self, vm: Ref, attach: actions.AttachVolume) -> Done:
        """VBD.create, VBD.plug. `Conflict` if the volume is attached already."""
        steps = self.steps()
        attach_volume(steps, vm.id, attach.volume.id, _runs(steps, vm))
        return Done(vm)

    @action(actions.DetachVolume)
    def detach_volume(self, vm: Ref, given: actions.DetachVolume) -> Done:
        """VBD.unplug, VBD.destroy."""
        steps = self.steps()
        detach(steps, "VBD", vm.id, "VDI", given.volume.id, _runs(steps, vm))
        return Done(vm)

    @action(actions.AttachNetwork)
    def attach_network(self, vm: Ref, attach: actions.AttachNetwork) -> Done:
        """VIF.create, VIF.plug."""
        steps = self.steps()
        attach_network(steps, vm.id, attach.network.id, _runs(steps, vm))
        return Done(vm)

    @action(actions.DetachNetwork)
    def detach_network(self, vm: Ref, given: actions.DetachNetwork) -> Done:
        """VIF.unplug, VIF.destroy."""
        steps = self.steps()
        detach(steps, "VIF", vm.id, "network", given.network.id, _runs(steps, vm))
        return Done(vm)

    @action(actions.Delete)
    def delete(self, vm: Ref, delete: actions.Delete) -> Done | Started:
        """VM.destroy of its snapshots and of itself, VDI.destroy of their own disks. `InvalidState` while it runs."""
        return remove(self.steps(), vm.id, kept=[ref.id for ref in delete.keep_volumes])

    @action(actions.CreateVM)
    def create(self, _: None, create: actions.CreateVM) -> Done | Started:
        """VM.clone of a template, its settings, VM.provision, VM.start."""
        return create_vm(self.steps(), create)

    def _row(self, vm: Ref, *fields: str) -> Any:
        return self.record("VM", vm.id, *fields)


def _runs(steps: Steps, vm: Ref) -> bool:
    return bool(steps.record("VM", vm.id, "power_state").power_state == "Running")
