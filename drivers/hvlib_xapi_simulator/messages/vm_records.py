"""Making and deleting VMs: VM.create, provision, destroy (ocaml/xapi/xapi_vm.ml, xapi_vm_helpers.ml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hvlib_xapi_simulator.call import Call, handles
from hvlib_xapi_simulator.classes import CLASSES
from hvlib_xapi_simulator.database import new_uuid
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.operation import update_allowed_operations, vm_operation
from hvlib_xapi_simulator.records import construct
from hvlib_xapi_simulator.values import NULL, now

__all__: list[str] = []


@handles("VM.create")
def create(call: Call, record: Mapping[str, Any]) -> str:
    """Add a VM without devices. Its settings are checked when it starts."""
    of = CLASSES["VM"]
    vm = construct(call.database, of, record)
    fields = call.database.get("VM", vm)
    config = {"mac_seed": new_uuid(), **fields["other_config"]}
    call.database.write("VM", vm, other_config=config, domid=-1, current_operations={}, blocked_operations={})
    update_allowed_operations(call.database, vm)
    return vm


@handles("VM.destroy")
def destroy(call: Call, vm: str) -> None:
    """Delete a VM, its VBDs, VIFs and metrics, but not its disks and snapshots. Its parent takes over its children."""
    with vm_operation(call, vm, "destroy"), call.database.lock:
        database = call.database
        fields = database.get("VM", vm)
        if fields["other_config"].get("default_template") == "true":
            raise Failure("VM_CANNOT_DELETE_DEFAULT_TEMPLATE")
        for child in fields["children"]:
            database.write("VM", child, parent=fields["parent"])
        for table, refs in (("VBD", fields["VBDs"]), ("VIF", fields["VIFs"]), ("console", fields["consoles"])):
            for ref in refs:
                database.delete(table, ref)
        for table, ref in (("VM_metrics", fields["metrics"]), ("VM_guest_metrics", fields["guest_metrics"])):
            if database.exists(ref):
                database.delete(table, ref)
        database.delete("VM", vm)
        call.pool.sources.pop(vm, None)


@handles("VM.provision")
def provision(call: Call, vm: str) -> None:
    """Turn a template into a VM that can start."""
    with vm_operation(call, vm, "provision"):
        call.work()
        call.database.write("VM", vm, is_a_template=False)
    update_allowed_operations(call.database, vm)


@handles("VM.set_is_a_template")
def set_is_a_template(call: Call, vm: str, value: bool) -> None:
    """Turn a VM into a template, which has no metrics, or a template into a VM."""
    database = call.database
    metrics = database.get("VM", vm)["metrics"]
    if not value:
        if database.exists(metrics):
            database.write("VM_metrics", metrics, install_time=now())
        database.write("VM", vm, is_a_template=False)
        update_allowed_operations(database, vm)
        return
    with vm_operation(call, vm, "make_into_template"), database.lock:
        database.write("VM", vm, is_a_template=True, ha_always_run=False, metrics=NULL)
        if database.exists(metrics):
            database.delete("VM_metrics", metrics)


@handles("VM.set_blocked_operations")
def set_blocked_operations(call: Call, vm: str, value: dict[str, str]) -> None:
    """Forbid operations, each with a reason."""
    call.database.write("VM", vm, blocked_operations=value)
    update_allowed_operations(call.database, vm)


@handles("VM.add_to_blocked_operations")
def add_to_blocked_operations(call: Call, vm: str, operation: str, reason: str) -> None:
    """Forbid an operation."""
    blocked = call.database.get("VM", vm)["blocked_operations"]
    if operation in blocked:
        raise Failure("MAP_DUPLICATE_KEY", "VM", "blocked_operations", vm, operation)
    set_blocked_operations(call, vm, {operation: reason, **blocked})


@handles("VM.remove_from_blocked_operations")
def remove_from_blocked_operations(call: Call, vm: str, operation: str) -> None:
    """Allow an operation again."""
    blocked = call.database.get("VM", vm)["blocked_operations"]
    set_blocked_operations(call, vm, {name: reason for name, reason in blocked.items() if name != operation})
