"""Virtual machines: objects of the class VM, except templates (hvlib's images), snapshots and control domains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from hvlib.driver import Started, Steps, action, steps
from hvlib.driver.table import NOT_STORED, Constant, Field, Joined, RefsTo, RefTo, Table
from hvlib.model import actions
from hvlib.model.errors import InvalidQuery
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Cluster, Host, Network, PowerState, Volume
from hvlib_xenapi.adapter import LABELS, TAGS, LabelledAdapter
from hvlib_xenapi.joins import Backward, Forward
from hvlib_xenapi.operations.attachment import attach_network, attach_volume, detach
from hvlib_xenapi.operations.calls import Calls
from hvlib_xenapi.operations.creation import create_vm
from hvlib_xenapi.operations.migration import move_disks
from hvlib_xenapi.operations.removal import remove
from hvlib_xenapi.operations.resizing import resize
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
    """Return the host name that the guest reports; None if there is none, as on old servers."""
    return guest and text((guest.netbios_name or {}).get("host_name"))


def in_order(field: str, rows: Iterable[Row]) -> list[Row]:
    """Return devices sorted by their position, a number as text."""
    return sorted(rows, key=lambda row: (len(getattr(row, field)), getattr(row, field)))


def networks(interfaces: Mapping[str, Row]) -> list[str]:
    """Return the references of the networks that a VM's interfaces are on."""
    return references(row.network for row in in_order("device", interfaces.values()))


def disks(drives: Mapping[str, Row]) -> list[str]:
    """Return the references of the volumes in a VM's drives, without CDs."""
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
    def start(self, vm: Ref, _: actions.Start) -> Started:
        """VM.start."""
        return self.start_task("VM.start", vm.id, False, False)

    @action(actions.Stop)
    def stop(self, vm: Ref, _: actions.Stop) -> Started:
        """VM.hard_shutdown."""
        return self.start_task("VM.hard_shutdown", vm.id)

    @action(actions.Shutdown)
    def shutdown(self, vm: Ref, _: actions.Shutdown) -> Started:
        """VM.clean_shutdown; the task ends when the guest is down."""
        return self.start_task("VM.clean_shutdown", vm.id)

    @action(actions.Reboot)
    def reboot(self, vm: Ref, reboot: actions.Reboot) -> Started:
        """VM.clean_reboot or VM.hard_reboot."""
        return self.start_task("VM.hard_reboot" if reboot.hard else "VM.clean_reboot", vm.id)

    @action(actions.Suspend)
    def suspend(self, vm: Ref, _: actions.Suspend) -> Started:
        """VM.suspend."""
        return self.start_task("VM.suspend", vm.id)

    @action(actions.Resume)
    def resume(self, vm: Ref, _: actions.Resume) -> Started:
        """VM.resume."""
        return self.start_task("VM.resume", vm.id, False, False)

    @action(actions.Pause)
    def pause(self, vm: Ref, _: actions.Pause) -> Started:
        """VM.pause."""
        return self.start_task("VM.pause", vm.id)

    @action(actions.Unpause)
    def unpause(self, vm: Ref, _: actions.Unpause) -> Started:
        """VM.unpause."""
        return self.start_task("VM.unpause", vm.id)

    @steps(actions.Resize, lacks=("flavor",))
    def resize(self, vm: Ref, wanted: actions.Resize, steps: Steps) -> None:
        """VM.set_memory_limits, VM.set_VCPUs_max, VM.set_VCPUs_at_startup. The VM must be off."""
        resize(Calls(self.client, steps), vm.id, wanted.vcpus, wanted.memory_bytes)

    @action(actions.TakeSnapshot)
    def snapshot(self, vm: Ref, snapshot: actions.TakeSnapshot) -> Started:
        """VM.snapshot; with memory VM.checkpoint, unless the VM is off and so has no memory."""
        memory = snapshot.memory and self._row(vm, "power_state").power_state != "Halted"
        name = "VM.checkpoint" if memory else "VM.snapshot"
        return self.start_task(name, vm.id, snapshot.name_label)

    @action(actions.Revert)
    def revert(self, vm: Ref, revert: actions.Revert) -> Started:
        """VM.revert, after a check that the snapshot is one of this VM."""
        if self.record("VM", revert.snapshot.id, "snapshot_of").snapshot_of != vm.id:
            raise InvalidQuery(f"{revert.snapshot.id} is not a snapshot of the VM {vm.id}")
        return self.start_task("VM.revert", revert.snapshot.id)

    @action(actions.Clone)
    def clone(self, vm: Ref, clone: actions.Clone) -> Started:
        """VM.clone."""
        return self.start_task("VM.clone", vm.id, clone.name_label)

    @steps(actions.Migrate)
    def migrate(self, vm: Ref, migrate: actions.Migrate, steps: Steps) -> None:
        """VM.pool_migrate; with a storage pool VM.migrate_send."""
        calls = Calls(self.client, steps)
        resident_on = calls.record("VM", vm.id, "resident_on").resident_on
        if migrate.pool is not None:
            move_disks(calls, vm.id, resident_on, migrate)
        elif migrate.host is not None:
            options = {"live": "true" if migrate.live else "false"}
            calls.run("VM.pool_migrate", vm.id, migrate.host.id, options)
        else:
            raise InvalidQuery("XenAPI does not choose a host to migrate to: name one", hint="host=")

    @steps(actions.AttachVolume)
    def attach_volume(self, vm: Ref, attach: actions.AttachVolume, steps: Steps) -> None:
        """VBD.create, VBD.plug. `Conflict` if the volume is attached already."""
        calls = Calls(self.client, steps)
        attach_volume(calls, vm.id, attach.volume.id, running=_runs(calls, vm))

    @steps(actions.DetachVolume)
    def detach_volume(self, vm: Ref, given: actions.DetachVolume, steps: Steps) -> None:
        """VBD.unplug, VBD.destroy."""
        calls = Calls(self.client, steps)
        detach(calls, "VBD", vm.id, "VDI", given.volume.id, running=_runs(calls, vm))

    @steps(actions.AttachNetwork)
    def attach_network(self, vm: Ref, attach: actions.AttachNetwork, steps: Steps) -> None:
        """VIF.create, VIF.plug."""
        calls = Calls(self.client, steps)
        attach_network(calls, vm.id, attach.network.id, running=_runs(calls, vm))

    @steps(actions.DetachNetwork)
    def detach_network(self, vm: Ref, given: actions.DetachNetwork, steps: Steps) -> None:
        """VIF.unplug, VIF.destroy."""
        calls = Calls(self.client, steps)
        detach(calls, "VIF", vm.id, "network", given.network.id, running=_runs(calls, vm))

    @steps(actions.Delete)
    def delete(self, vm: Ref, delete: actions.Delete, steps: Steps) -> None:
        """VM.destroy of the VM and its snapshots, VDI.destroy of their own disks. `InvalidState` while the VM runs."""
        remove(Calls(self.client, steps), vm.id, kept=[ref.id for ref in delete.keep_volumes])

    @steps(actions.CreateVM, lacks=("flavor", "user_data"))
    def create(self, _: None, create: actions.CreateVM, steps: Steps) -> Ref:
        """VM.clone of a template, then the settings, VM.provision and VM.start."""
        return create_vm(Calls(self.client, steps), create)

    def _row(self, vm: Ref, *fields: str) -> Any:
        return self.record("VM", vm.id, *fields)


def _runs(calls: Calls, vm: Ref) -> bool:
    return bool(calls.record("VM", vm.id, "power_state").power_state == "Running")
