"""Virtual machines: vim.VirtualMachine. Templates are images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from hvlib.driver import Done, Reached, Started, action
from hvlib.driver.table import ID, Field, RefsTo, RefTo, Table
from hvlib.model import actions
from hvlib.model.errors import InvalidQuery
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, PowerState, Volume
from hvlib_vsphere.adapter import IndexedAdapter
from hvlib_vsphere.columns import MACHINE_COLUMNS
from hvlib_vsphere.problems import machine_problem
from hvlib_vsphere.templates import MACHINE, TEMPLATE
from hvlib_vsphere.values import (
    NETWORK_TYPES,
    escape_name,
    integer,
    is_true,
    kind_of,
    mebibytes,
    moment,
    plain_text,
    volume_id,
)
from hvlib_vsphere.wire.decoding import as_tuple
from hvlib_vsphere.wire.soap_messages import element

__all__ = ["VMs"]

POWER_STATES: Mapping[object, PowerState] = {"poweredOn": "running", "poweredOff": "halted", "suspended": "suspended"}


def power_state(value: object) -> PowerState:
    """A VM's power state, from its VirtualMachinePowerState."""
    return POWER_STATES.get(value, "unknown") if isinstance(value, str) else "unknown"


def addresses(primary: str | None, cards: object) -> tuple[str, ...]:
    """Every address that the guest reports, the primary one first."""
    ips = [primary] if primary else []
    for card in as_tuple(cards):
        ips.extend(as_tuple(card.get("ipAddress")))
    return tuple(dict.fromkeys(ips))


def volume_ids(vm: str, disks: object) -> list[str]:
    """The identifiers of a VM's virtual disks, from the layout of its files: its devices would be ten times as much."""
    return [volume_id(vm, disk["key"]) for disk in as_tuple(disks)]


def is_no_template(template: object) -> bool:
    """Whether an object is a VM. An object whose configuration the server can't read counts as a VM."""
    return not is_true(template)


TABLE = Table(
    VM,
    MACHINE,
    {
        **MACHINE_COLUMNS,
        "power_state": Field("runtime.powerState", convert=power_state),
        "vcpus": Field("summary.config.numCpu", convert=integer),
        "memory_bytes": Field("summary.config.memorySizeMB", convert=mebibytes),
        "guest_hostname": Field("guest.hostName", convert=plain_text),
        "ip_addresses": Field("guest.ipAddress", "guest.net", convert=addresses),
        "host": RefTo(kind_of, "runtime.host"),
        "networks": RefsTo(kind_of, Field("network", convert=as_tuple)),
        "status": Field("runtime.powerState", convert=plain_text),
        "problem": Field("runtime.connectionState", "runtime.question", convert=machine_problem),
        "booted_at": Field("runtime.bootTime", convert=moment),
        "volumes": RefsTo(Volume, Field(ID, "layoutEx.disk", convert=volume_ids)),
    },
    accept=Field(TEMPLATE, convert=is_no_template),
)


class VMs(IndexedAdapter[VM]):
    """Virtual machines. Most fields come from the summary, which the server has of machines that it can't reach too."""

    kind: ClassVar[type[VM]] = VM
    table = TABLE
    vm_search = True
    witnesses = frozenset({"HostSystem", *NETWORK_TYPES})
    scopes: ClassVar[Mapping[str, str]] = {"host": "vm", "networks": "vm"}

    @action(actions.Start, only={"power_state": "halted"})
    def start(self, vm: Ref, _: actions.Start) -> Started:
        """VirtualMachine.PowerOnVM_Task. Only for a halted VM: the call would resume a suspended one."""
        return self.start_task("PowerOnVM_Task", vm)

    @action(actions.Stop)
    def stop(self, vm: Ref, _: actions.Stop) -> Started:
        """VirtualMachine.PowerOffVM_Task. `InvalidState` if the VM is off."""
        return self.start_task("PowerOffVM_Task", vm)

    @action(actions.Shutdown)
    def shutdown(self, vm: Ref, _: actions.Shutdown) -> Reached:
        """VirtualMachine.ShutdownGuest. `InvalidState` if no guest tools run."""
        self.call("ShutdownGuest", vm)
        return Reached(vm, {"power_state": "halted"}, fails={"power_state": "suspended"})

    @action(actions.Reboot)
    def reboot(self, vm: Ref, reboot: actions.Reboot) -> Started | Done:
        """VirtualMachine.RebootGuest; hard: VirtualMachine.ResetVM_Task. `InvalidState` if the VM is off.

        The server does not report when the guest has started again, so RebootGuest is done once the server accepts it.
        """
        if reboot.hard:
            return self.start_task("ResetVM_Task", vm)
        self.call("RebootGuest", vm)
        return Done(vm)

    @action(actions.Suspend)
    def suspend(self, vm: Ref, _: actions.Suspend) -> Started:
        """VirtualMachine.SuspendVM_Task."""
        return self.start_task("SuspendVM_Task", vm)

    @action(actions.Resume, only={"power_state": "suspended"})
    def resume(self, vm: Ref, _: actions.Resume) -> Started:
        """VirtualMachine.PowerOnVM_Task. Only for a suspended VM: the call would start a halted one."""
        return self.start_task("PowerOnVM_Task", vm)

    @action(actions.Rename)
    def rename(self, vm: Ref, rename: actions.Rename) -> Started:
        """ManagedEntity.Rename_Task. `Conflict` if another object of the folder has the name, `InvalidQuery` for ""."""
        if not rename.name_label:
            raise InvalidQuery("a VM's name can't be empty")
        return self.start_task("Rename_Task", vm, element("newName", escape_name(rename.name_label)))
