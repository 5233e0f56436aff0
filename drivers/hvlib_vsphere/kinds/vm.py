"""Virtual machines: vim.VirtualMachine. Templates are images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from hvlib.driver import Done, Started, action
from hvlib.model import actions
from hvlib.model.errors import InvalidQuery
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, PowerState
from hvlib_vsphere.adapter import TableAdapter
from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.table import Many, One, Property, Table, Uuid
from hvlib_vsphere.values import escape_name, integer, mebibytes, moment, plain_text, unescape_name
from hvlib_vsphere.wire.decoding import as_tuple
from hvlib_vsphere.wire.search import find_by_uuid
from hvlib_vsphere.wire.soap import element

__all__ = ["VMs"]

POWER_STATES: Mapping[object, PowerState] = {"poweredOn": "running", "poweredOff": "halted", "suspended": "suspended"}


def power_state(value: object) -> PowerState:
    """A VirtualMachinePowerState."""
    return POWER_STATES.get(value, "unknown") if isinstance(value, str) else "unknown"


def addresses(primary: str | None, cards: object) -> tuple[str, ...]:
    """Every address that the guest reports, the primary one first."""
    found = [primary] if primary else []
    for card in as_tuple(cards):
        found.extend(as_tuple(card.get("ipAddress")))
    return tuple(dict.fromkeys(found))


TABLE = Table(
    VM,
    "VirtualMachine",
    {
        "uuid": Uuid("config.instanceUuid"),
        "name_label": Property("name", convert=unescape_name),
        "description": Property("config.annotation", convert=plain_text),
        "created_at": Property("config.createDate", convert=moment),
        "power_state": Property("runtime.powerState", convert=power_state),
        "vcpus": Property("config.hardware.numCPU", convert=integer),
        "memory_bytes": Property("config.hardware.memoryMB", convert=mebibytes),
        "guest_os": Property("config.guestFullName", convert=plain_text),
        "guest_hostname": Property("guest.hostName", convert=plain_text),
        "ip_addresses": Property("guest.ipAddress", "guest.net", convert=addresses),
        "host": One("runtime.host"),
        "networks": Many("network"),
    },
    where_not="config.template",
)


class VMs(TableAdapter[VM]):
    """Virtual machines. One whose configuration the server can't read is one too, with little filled in."""

    kind: ClassVar[type[VM]] = VM
    table = TABLE

    def lookup(self, field: str, value: str, query: Query[VM]) -> list[VM]:
        """By uuid: SearchIndex.FindByUuid, then its properties: 2 round trips. By name: all names, then the matches."""
        if field != "uuid":
            return list(super().lookup(field, value, query))
        found = find_by_uuid(self.client, value, vms=True)
        return [] if found is None else list(self.get([self.client.context.ref(VM, found)], query))

    @action(actions.Start)
    def start(self, vm: Ref, start: actions.Start) -> Started:  # noqa: ARG002
        """VirtualMachine.PowerOnVM_Task. `InvalidState` if it runs already."""
        return self.start_task("PowerOnVM_Task", _native(vm))

    @action(actions.Stop)
    def stop(self, vm: Ref, stop: actions.Stop) -> Started:  # noqa: ARG002
        """VirtualMachine.PowerOffVM_Task. `InvalidState` if it is off already."""
        return self.start_task("PowerOffVM_Task", _native(vm))

    @action(actions.Shutdown)
    def shutdown(self, vm: Ref, shutdown: actions.Shutdown) -> Done:  # noqa: ARG002
        """VirtualMachine.ShutdownGuest. `InvalidState` without running guest tools."""
        self.client.call("ShutdownGuest", _native(vm))
        return Done(vm)

    @action(actions.Reboot)
    def reboot(self, vm: Ref, reboot: actions.Reboot) -> Started | Done:
        """VirtualMachine.RebootGuest; hard: VirtualMachine.ResetVM_Task. `InvalidState` if it is off."""
        if reboot.hard:
            return self.start_task("ResetVM_Task", _native(vm))
        self.client.call("RebootGuest", _native(vm))
        return Done(vm)

    @action(actions.Suspend)
    def suspend(self, vm: Ref, suspend: actions.Suspend) -> Started:  # noqa: ARG002
        """VirtualMachine.SuspendVM_Task."""
        return self.start_task("SuspendVM_Task", _native(vm))

    @action(actions.Resume)
    def resume(self, vm: Ref, resume: actions.Resume) -> Started:  # noqa: ARG002
        """VirtualMachine.PowerOnVM_Task: the server goes on from the suspension."""
        return self.start_task("PowerOnVM_Task", _native(vm))

    @action(actions.Rename)
    def rename(self, vm: Ref, rename: actions.Rename) -> Started:
        """ManagedEntity.Rename_Task. `Conflict` if a sibling has the name, `InvalidQuery` for an empty one."""
        if not rename.name_label:
            raise InvalidQuery("a VM's name can't be empty")
        return self.start_task("Rename_Task", _native(vm), element("newName", escape_name(rename.name_label)))


def _native(vm: Ref) -> MoRef:
    return MoRef("VirtualMachine", vm.id)
