"""A VM's memory and processors (ocaml/xapi/xapi_vm.ml, xapi_vm_memory_constraints.ml)."""

from __future__ import annotations

from typing import Any

from hvlib_xapi_simulator.call import Call, handles
from hvlib_xapi_simulator.database import Row
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.operation import guest_of, vm_operation
from hvlib_xapi_simulator.placement import reserve_memory
from hvlib_xapi_simulator.values import NULL
from hvlib_xapi_simulator.vm_operations import Guest

__all__: list[str] = []

PROCESSORS = "VCPU values must satisfy: 0 < VCPUs_at_startup ≤ VCPUs_max"


@handles("VM.set_memory_limits")
def set_memory_limits(call: Call, vm: str, static_min: int, static_max: int, low: int, high: int) -> None:
    """Set all limits of the memory of a VM that is off."""
    with vm_operation(call, vm, "changing_memory_limits"):
        _write_memory(call, vm, static_min=static_min, dynamic_min=low, dynamic_max=high, static_max=static_max)


@handles("VM.set_memory")
def set_memory(call: Call, vm: str, value: int) -> None:
    """Set the memory of a VM that is off; static_min stays."""
    with vm_operation(call, vm, "changing_memory_limits"):
        _write_memory(call, vm, dynamic_min=value, dynamic_max=value, static_max=value)


@handles("VM.set_memory_dynamic_range")
def set_memory_dynamic_range(call: Call, vm: str, low: int, high: int) -> None:
    """Set the range in which the memory of a VM, off or running, may vary."""
    with vm_operation(call, vm, "changing_dynamic_range"):
        before = call.database.get("VM", vm)
        _write_memory(call, vm, dynamic_min=low, dynamic_max=high)
        if before["resident_on"] != NULL:
            reserve_memory(call.database, before["resident_on"], high - before["memory_dynamic_max"])
            call.database.write("VM_metrics", before["metrics"], memory_actual=high)


@handles("VM.set_memory_dynamic_min")
def set_memory_dynamic_min(call: Call, vm: str, value: int) -> None:
    """Set the lower end of the dynamic range."""
    set_memory_dynamic_range(call, vm, value, call.database.get("VM", vm)["memory_dynamic_max"])


@handles("VM.set_memory_dynamic_max")
def set_memory_dynamic_max(call: Call, vm: str, value: int) -> None:
    """Set the upper end of the dynamic range."""
    set_memory_dynamic_range(call, vm, call.database.get("VM", vm)["memory_dynamic_min"], value)


@handles("VM.set_memory_static_range")
def set_memory_static_range(call: Call, vm: str, low: int, high: int) -> None:
    """Set the range in which the memory of a VM can ever be. The VM must be off."""
    with vm_operation(call, vm, "changing_static_range"):
        _write_memory(call, vm, static_min=low, static_max=high)


@handles("VM.set_memory_static_min")
def set_memory_static_min(call: Call, vm: str, value: int) -> None:
    """Set the lower end of the static range."""
    set_memory_static_range(call, vm, value, call.database.get("VM", vm)["memory_static_max"])


@handles("VM.set_memory_static_max")
def set_memory_static_max(call: Call, vm: str, value: int) -> None:
    """Set the upper end of the static range."""
    set_memory_static_range(call, vm, call.database.get("VM", vm)["memory_static_min"], value)


@handles("VM.set_VCPUs_max")
def set_processors_max(call: Call, vm: str, value: int) -> None:
    """Set how many processors a VM can ever have. The VM must be off."""
    with vm_operation(call, vm, "changing_VCPUs"):
        if value < max(1, call.database.get("VM", vm)["VCPUs_at_startup"]):
            raise Failure("INVALID_VALUE", PROCESSORS, str(value))
        call.database.write("VM", vm, VCPUs_max=value)


@handles("VM.set_VCPUs_at_startup")
def set_processors_at_startup(call: Call, vm: str, value: int) -> None:
    """Set with how many processors a VM starts. Every power state is allowed."""
    fields = call.database.get("VM", vm)
    if fields["is_control_domain"] and fields["domid"] == 0:
        raise Failure("OPERATION_NOT_ALLOWED", "set_VCPUs_at_startup is not allowed on dom0")
    if not 1 <= value <= fields["VCPUs_max"]:
        raise Failure("INVALID_VALUE", PROCESSORS, str(value))
    call.database.write("VM", vm, VCPUs_at_startup=value)


@handles("VM.set_VCPUs_number_live")
def set_processors_live(call: Call, vm: str, value: int) -> None:
    """Set how many processors a running VM has."""
    with vm_operation(call, vm, "changing_VCPUs_live"):
        fields = call.database.get("VM", vm)
        if not 1 <= value <= fields["VCPUs_max"]:
            raise Failure("INVALID_VALUE", PROCESSORS, str(value))
        call.database.write("VM_metrics", fields["metrics"], VCPUs_number=value)


@handles("VM.compute_memory_overhead")
def compute_memory_overhead(call: Call, vm: str) -> int:
    """Return the memory that a VM costs besides its own."""
    overhead: int = call.database.get("VM", vm)["memory_overhead"]
    return overhead


@handles("VM.get_boot_record")
def get_boot_record(call: Call, vm: str) -> Row:
    """Return the record with which a VM was started: here, the present record."""
    return call.database.find("VM", vm)


@handles("VM.get_cooperative")
def get_cooperative(call: Call, vm: str) -> bool:
    """Whether a guest gives memory back when it is asked to."""
    return bool(call.database.get("VM", vm))


@handles("VM.get_allowed_VBD_devices")
def get_allowed_vbd_devices(call: Call, vm: str) -> list[str]:
    """Return the positions at which disks can be added."""
    return _free(call, "VBD", call.database.get("VM", vm)["VBDs"], 16)


@handles("VM.get_allowed_VIF_devices")
def get_allowed_vif_devices(call: Call, vm: str) -> list[str]:
    """Return the positions at which interfaces can be added: none while the VM runs without drivers."""
    guest: Guest = guest_of(call.database, vm)
    if guest.live and not guest.drivers:
        return []
    return _free(call, "VIF", call.database.get("VM", vm)["VIFs"], 7)


def _free(call: Call, table: str, used: list[str], count: int) -> list[str]:
    field = "userdevice" if table == "VBD" else "device"
    taken = {call.database.get(table, ref)[field] for ref in used}
    return [str(number) for number in range(count) if str(number) not in taken]


def _write_memory(call: Call, vm: str, **limits: int) -> None:
    """Write some limits. Raises MEMORY_CONSTRAINT_VIOLATION_ORDER unless all limits are in order afterwards."""
    with call.database.lock:
        fields: dict[str, Any] = {f"memory_{name}": value for name, value in limits.items()}
        after = {**call.database.get("VM", vm), **fields}
        order = [after[f"memory_{name}"] for name in ("static_min", "dynamic_min", "dynamic_max", "static_max")]
        if order != sorted(order) or order[0] < 0:
            raise Failure("MEMORY_CONSTRAINT_VIOLATION_ORDER")
        call.database.write("VM", vm, **fields, memory_target=after["memory_dynamic_min"])
