"""The operations that a VBD, a VIF or a VDI allows, and the errors of the other operations.

ocaml/xapi/xapi_vbd_helpers.ml, xapi_vif_helpers.ml, xapi_vdi.ml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hvlib_xapi_simulator.database import Database
from hvlib_xapi_simulator.values import NULL

__all__ = ["find_error", "update_device_operations", "update_operations"]

VBD_OPERATIONS = ("attach", "eject", "insert", "plug", "unplug", "unplug_force", "pause", "unpause")
VIF_OPERATIONS = ("attach", "plug", "unplug")
VDI_OPERATIONS = (
    "clone", "copy", "resize", "resize_online", "snapshot", "mirror", "destroy", "forget", "update", "force_unlock",
    "generate_config", "enable_cbt", "disable_cbt", "data_destroy", "list_changed_blocks", "set_on_boot", "blocked",
)  # fmt: skip
OPERATIONS = {"VBD": VBD_OPERATIONS, "VIF": VIF_OPERATIONS, "VDI": VDI_OPERATIONS}
LIVE_VDI_OPERATIONS = frozenset({
    "snapshot", "resize_online", "blocked", "clone", "mirror", "enable_cbt", "disable_cbt", "data_destroy",
})  # fmt: skip
PLUGGING = ("plug", "unplug", "unplug_force")
ENDING = ("clean_shutdown", "hard_shutdown", "suspend", "pause")

Error = tuple[str, ...]
Fields = Mapping[str, Any]


def find_error(database: Database, table: str, ref: str, operation: str) -> Error | None:
    """Return the first error that forbids an operation on a VBD, a VIF or a VDI; None if it is allowed."""
    return next(_ERRORS[table](database, ref, operation), None)


def update_operations(database: Database, table: str, ref: str) -> None:
    """Bring allowed_operations of a VBD, a VIF or a VDI up to date."""
    allowed = [name for name in OPERATIONS[table] if not find_error(database, table, ref, name)]
    database.write(table, ref, allowed_operations=allowed)


def update_device_operations(database: Database, vm: str) -> None:
    """Bring allowed_operations of a VM's VBDs, their VDIs and the VIFs up to date."""
    fields = database.get("VM", vm)
    for vbd in fields["VBDs"]:
        update_operations(database, "VBD", vbd)
        disk = database.get("VBD", vbd)["VDI"]
        if disk != NULL:
            update_operations(database, "VDI", disk)
    for vif in fields["VIFs"]:
        update_operations(database, "VIF", vif)


def _vbd_errors(database: Database, vbd: str, operation: str) -> Iterator[Error]:
    fields = database.get("VBD", vbd)
    vm = database.get("VM", fields["VM"])
    for key, name in fields["current_operations"].items():
        yield "OTHER_OPERATION_IN_PROGRESS", "VBD", vbd, name, key
    if not fields["unpluggable"] and operation in ("unplug", "unplug_force"):
        yield "VBD_NOT_UNPLUGGABLE", vbd
    if operation in ("insert", "eject"):
        yield from _media_errors(vbd, fields)
        if fields["empty"] and operation == "eject":
            yield "VBD_IS_EMPTY", vbd
        if not fields["empty"] and operation == "insert":
            yield "VBD_NOT_EMPTY", vbd
    if operation in PLUGGING or (operation in ("pause", "unpause") and vm["power_state"] != "Paused"):
        yield from _plug_errors(vbd, fields, vm, operation)
    if operation in PLUGGING and vm["power_state"] == "Running" and fields["type"] == "CD":
        yield "OPERATION_NOT_ALLOWED", "HVM CDROMs cannot be hotplugged/unplugged, only inserted or ejected"
    if operation in ("attach", "plug", "insert") and fields["VDI"] != NULL and not fields["currently_attached"]:
        yield from _sharing_errors(database, vbd, fields)


def _media_errors(vbd: str, fields: Fields) -> Iterator[Error]:
    if fields["type"] != "CD":
        yield "VBD_NOT_REMOVABLE_MEDIA", vbd


def _plug_errors(device: str, fields: Fields, vm: Fields, operation: str) -> Iterator[Error]:
    """Yield the errors that forbid plugging or unplugging a VBD or a VIF."""
    if vm["power_state"] != "Running":
        yield "VM_BAD_POWER_STATE", fields["VM"], "running", vm["power_state"].lower()
    elif operation == "plug" and fields["currently_attached"]:
        yield "DEVICE_ALREADY_ATTACHED", device
    elif operation in ("unplug", "unplug_force") and not fields["currently_attached"]:
        yield "DEVICE_ALREADY_DETACHED", device
    if operation in ("plug", "unplug"):
        for current in vm["current_operations"].values():
            if current in ENDING:
                yield "OPERATION_NOT_ALLOWED", f"Current operation on VM:{fields['VM']} is {current}"


def _sharing_errors(database: Database, vbd: str, fields: Fields) -> Iterator[Error]:
    """Yield the errors that forbid using a disk besides its present users."""
    disk = database.get("VDI", fields["VDI"])
    others = [database.get("VBD", other) for other in disk["VBDs"] if other != vbd]
    used = [
        other
        for other in others
        if other["currently_attached"] and database.get("VM", other["VM"])["power_state"] != "Suspended"
    ]
    writes = fields["mode"] == "RW"
    if not disk["sharable"] and (any(other["mode"] == "RW" for other in used) or (writes and used)):
        yield "VDI_IN_USE", fields["VDI"]
    if writes and disk["read_only"]:
        yield "VDI_READONLY", fields["VDI"]


def _vif_errors(database: Database, vif: str, operation: str) -> Iterator[Error]:
    fields = database.get("VIF", vif)
    vm = database.get("VM", fields["VM"])
    current = fields["current_operations"]
    if current:
        names, keys = "; ".join(current.values()), "; ".join(current)
        yield "OTHER_OPERATION_IN_PROGRESS", "VIF", vif, f"{{{names}}}", f"{{{keys}}}"
    if operation in PLUGGING:
        yield from _plug_errors(vif, fields, vm, operation)


def _vdi_errors(database: Database, vdi: str, operation: str) -> Iterator[Error]:
    fields = database.get("VDI", vdi)
    for key, name in fields["current_operations"].items():
        if name != "copy":
            yield "OTHER_OPERATION_IN_PROGRESS", "VDI", vdi, name, key
    users = [database.get("VBD", vbd) for vbd in fields["VBDs"]]
    attached = [user for user in users if user["currently_attached"]]
    if operation == "copy":
        attached = [user for user in attached if user["mode"] == "RW"]
    if attached and operation not in LIVE_VDI_OPERATIONS:
        yield "VDI_IN_USE", vdi, operation
    if operation == "destroy" and not fields["managed"]:
        yield "VDI_NOT_MANAGED", vdi


_ERRORS: dict[str, Callable[[Database, str, str], Iterator[Error]]] = {
    "VBD": _vbd_errors,
    "VIF": _vif_errors,
    "VDI": _vdi_errors,
}
