"""Copies of VMs: clone, copy, snapshot, checkpoint, revert (ocaml/xapi/xapi_vm_clone.ml, xapi_vm_snapshot.ml)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hvlib_xapi_simulator import power
from hvlib_xapi_simulator.call import Call, handles
from hvlib_xapi_simulator.database import Database, new_ref, new_uuid
from hvlib_xapi_simulator.devices import update_device_operations
from hvlib_xapi_simulator.disks import copy_disk
from hvlib_xapi_simulator.expression import stored_text
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.operation import update_allowed_operations, vm_operation
from hvlib_xapi_simulator.values import EPOCH, NULL, now

__all__: list[str] = []

RESET: dict[str, Any] = {
    "allowed_operations": [],
    "current_operations": {},
    "blocked_operations": {},
    "is_default_template": False,
    "resident_on": NULL,
    "scheduled_to_be_resident_on": NULL,
    "suspend_VDI": NULL,
    "domid": -1,
    "domarch": "",
    "ha_always_run": False,
    "appliance": NULL,
    "consoles": [],
    "VIFs": [],
    "VBDs": [],
    "snapshots": [],
    "children": [],
    "crash_dumps": [],
    "requires_reboot": False,
    "snapshot_metadata": "",
    "snapshot_info": {},
}
"""Fields that a copy does not take over."""

NOT_REVERTED = frozenset({
    "uuid", "is_a_template", "is_default_template", "is_a_snapshot", "snapshot_of", "snapshot_time", "snapshots",
    "snapshot_info", "snapshot_metadata", "transportable_snapshot_id", "parent", "children",
    "allowed_operations", "current_operations", "power_state", "resident_on", "scheduled_to_be_resident_on", "domid",
    "domarch", "metrics", "guest_metrics", "consoles", "VIFs", "VBDs", "crash_dumps", "suspend_VDI", "blobs",
    "ha_always_run", "appliance", "last_booted_record",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Plan:
    """The options of a copy. With ``memory``, a copy of a suspended VM is suspended too; every clone of it is."""

    name: str
    snapshot: bool = False
    memory: bool = False
    repository: str = NULL
    ignored: tuple[str, ...] = ()
    """Disks that are left out."""
    state_before: str = ""
    """The power state that a snapshot records, if it is not the present one."""


@handles("VM.clone")
def clone(call: Call, vm: str, name: str) -> str:
    """Make a new VM whose disks are clones of the other's. The clone of a suspended VM is suspended."""
    with vm_operation(call, vm, "clone"):
        return _copy(call, vm, _Plan(name))


@handles("VM.copy")
def copy(call: Call, vm: str, name: str, repository: str) -> str:
    """Make a new VM whose disks are full copies, in ``repository`` if one is given."""
    if repository != NULL:
        call.database.get("SR", repository)
    with vm_operation(call, vm, "copy"):
        return _copy(call, vm, _Plan(name, repository=repository))


@handles("VM.snapshot")
def snapshot(call: Call, vm: str, name: str, ignored: list[str] | None = None) -> str:
    """Save a VM's record and its disks in a snapshot."""
    with vm_operation(call, vm, "snapshot"):
        made = _copy(call, vm, _Plan(name, snapshot=True, ignored=tuple(ignored or ())))
    fields = call.database.get("VM", vm)
    body = f"VM '{fields['name_label']}' (uuid: {fields['uuid']}) snapshotted, snapshot name: {name}"
    call.pool.alerts.add("VM_SNAPSHOTTED", 5, "VM", fields["uuid"], body)
    return made


@handles("VM.checkpoint")
def checkpoint(call: Call, vm: str, name: str) -> str:
    """Save a VM's memory too. A running VM is suspended meanwhile."""
    with vm_operation(call, vm, "checkpoint"):
        state = call.database.get("VM", vm)["power_state"]
        if state != "Running":
            return _copy(call, vm, _Plan(name, snapshot=True, memory=True))
        host = call.database.get("VM", vm)["resident_on"]
        power.suspend(call, vm)
        try:
            return _copy(call, vm, _Plan(name, snapshot=True, memory=True, state_before=state))
        finally:
            power.boot(call, vm, host, paused=False)
            power.delete_suspend_image(call.database, vm)


@handles("VM.revert")
def revert(call: Call, snapshot: str) -> None:
    """Give a VM the fields, devices and memory of its snapshot. It is switched off first."""
    database = call.database
    fields = database.get("VM", snapshot)
    vm = fields["snapshot_of"]
    with vm_operation(call, snapshot, "revert"):
        if not database.exists(vm):
            raise Failure("VM_REVERT_FAILED", snapshot, vm)
        with vm_operation(call, vm, "reverting"):
            call.pool.tasks.allow_cancel(call.task, False)
            call.work()
            with database.lock:
                if database.get("VM", vm)["power_state"] != "Halted":
                    power.delete_suspend_image(database, vm)
                    power.halt(call, vm)
                _revert_devices(database, vm, snapshot)
                before = call.pool.sources.get(snapshot, fields)
                kept = {name: value for name, value in before.items() if name not in NOT_REVERTED}
                database.write("VM", vm, **kept, parent=snapshot)
                if fields["power_state"] == "Suspended":
                    database.write("VM", vm, suspend_VDI=copy_disk(database, fields["suspend_VDI"]))
                power.set_state(database, vm, fields["power_state"])


def _copy(call: Call, vm: str, plan: _Plan) -> str:
    call.work()
    database = call.database
    with database.lock:
        fields = dict(database.get("VM", vm))
        made = _copied_record(vm, fields, plan)
        for table, field in (("VM_metrics", "metrics"), ("VM_guest_metrics", "guest_metrics")):
            made[field] = _copy_record(database, table, fields[field])
        ref = database.create("VM", new_ref(), made)
        if plan.snapshot:
            call.pool.sources[ref] = fields
            database.write("VM", vm, parent=ref)
        _copy_devices(database, vm, ref, plan)
        if made["power_state"] == "Suspended":
            database.write("VM", ref, suspend_VDI=copy_disk(database, fields["suspend_VDI"], snapshot=plan.snapshot))
        update_allowed_operations(database, ref)
        update_device_operations(database, ref)
    return ref


def _copied_record(vm: str, fields: dict[str, Any], plan: _Plan) -> dict[str, Any]:
    suspended = fields["power_state"] == "Suspended" and (plan.memory or not plan.snapshot)
    made = {
        **fields,
        **RESET,
        "uuid": new_uuid(),
        "name_label": plan.name,
        "power_state": "Suspended" if suspended else "Halted",
    }
    if not plan.snapshot:
        same = {"is_a_snapshot": False, "snapshot_of": NULL, "snapshot_time": EPOCH, "parent": NULL}
        return {**made, **same, "other_config": _config_of_copy(fields)}
    state = plan.state_before or fields["power_state"]
    return {
        **made,
        "is_a_template": True,
        "is_a_snapshot": True,
        "snapshot_of": vm,
        "snapshot_time": now(),
        "snapshot_metadata": stored_text(fields),
        "snapshot_info": {"power-state-at-snapshot": state, "disk-snapshot-type": "crash_consistent"},
    }


def _config_of_copy(fields: dict[str, Any]) -> dict[str, str]:
    config = {key: value for key, value in fields["other_config"].items() if key != "default_template"}
    if fields["is_a_template"]:
        config.setdefault("base_template_name", fields["name_label"])
    return {**config, "mac_seed": new_uuid()}


def _copy_record(database: Database, table: str, ref: str) -> str:
    if not database.exists(ref):
        return NULL
    return database.create(table, new_ref(), {**database.get(table, ref), "uuid": new_uuid()})


def _copy_devices(database: Database, source: str, target: str, plan: _Plan) -> None:
    """Copy a VM's VIFs, and its VBDs with their disks. A CD is not copied.

    The copy owns its disks, whoever owns the originals (ocaml/xapi/xapi_vm_clone.ml, CA-58405).
    """
    fields = database.get("VM", source)
    for vbd in reversed(fields["VBDs"]):
        record = database.get("VBD", vbd)
        if record["VDI"] in plan.ignored and record["VDI"] != NULL:
            continue
        disk = record["VDI"]
        if disk != NULL and record["type"] != "CD":
            disk = copy_disk(database, disk, snapshot=plan.snapshot, repository=plan.repository)
        detached = {"currently_attached": False, "device": "", "current_operations": {}, "allowed_operations": []}
        made = {**record, **detached, "uuid": new_uuid(), "VM": target, "VDI": disk}
        if record["type"] == "Disk":
            made["other_config"] = {"owner": "", **record["other_config"]}
        database.create("VBD", new_ref(), made)
    for vif in reversed(fields["VIFs"]):
        record = database.get("VIF", vif)
        address = record["MAC"] if plan.snapshot else new_mac()
        detached = {"currently_attached": False, "current_operations": {}, "allowed_operations": []}
        made = {**record, **detached, "uuid": new_uuid(), "VM": target, "MAC": address}
        database.create("VIF", new_ref(), made)


def _revert_devices(database: Database, vm: str, snapshot: str) -> None:
    """Replace a VM's devices, and its disks, by copies of its snapshot's."""
    for vbd in database.get("VM", vm)["VBDs"]:
        record = database.get("VBD", vbd)
        database.delete("VBD", vbd)
        if record["type"] != "CD" and database.exists(record["VDI"]):
            database.delete("VDI", record["VDI"])
    for vif in database.get("VM", vm)["VIFs"]:
        database.delete("VIF", vif)
    _copy_devices(database, snapshot, vm, _Plan(""))
    for old, new in zip(database.get("VM", snapshot)["VIFs"], database.get("VM", vm)["VIFs"], strict=True):
        database.write("VIF", new, MAC=database.get("VIF", old)["MAC"])
    for old, new in zip(database.get("VM", snapshot)["VBDs"], database.get("VM", vm)["VBDs"], strict=True):
        kept, made = database.get("VBD", old), database.get("VBD", new)
        if kept["type"] != "CD" and kept["VDI"] != NULL:
            database.write("VDI", kept["VDI"], snapshot_of=made["VDI"])


def new_mac() -> str:
    """Return a MAC address that is locally administered."""
    digits = new_uuid().replace("-", "")
    return "02:" + ":".join(digits[at : at + 2] for at in range(0, 10, 2))
