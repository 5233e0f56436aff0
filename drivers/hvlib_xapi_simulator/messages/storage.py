"""Disks and how VMs use them: VDI, VBD, SR (ocaml/xapi/xapi_vdi.ml, xapi_vbd.ml, xapi_vbd_helpers.ml, xapi_sr.ml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hvlib_xapi_simulator.call import Call, handles
from hvlib_xapi_simulator.classes import CLASSES
from hvlib_xapi_simulator.database import new_uuid
from hvlib_xapi_simulator.device_operation import device_operation
from hvlib_xapi_simulator.devices import find_error, update_device_operations, update_operations
from hvlib_xapi_simulator.disks import allocate, copy_disk
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.records import construct, read_record
from hvlib_xapi_simulator.values import NULL

__all__: list[str] = []

AUTODETECT = "autodetect"
DEVICES = 255


@handles("VDI.create")
def create_disk(call: Call, record: Mapping[str, Any]) -> str:
    """Add an empty disk. Raises SR_NO_PBDS if no host reaches its repository, SR_FULL if there is no room."""
    of = CLASSES["VDI"]
    values = read_record(of, record)
    if values["type"] == "cbt_metadata":
        raise Failure("VDI_INCOMPATIBLE_TYPE", "", "cbt_metadata")
    repository = call.database.get("SR", values["SR"])
    _assert_reachable(call, values["SR"])
    size = values["virtual_size"]
    if size > repository["physical_size"] - repository["virtual_allocation"]:
        raise Failure("SR_FULL", str(size), str(repository["physical_size"] - repository["virtual_allocation"]))
    call.work()
    disk = construct(call.database, of, record, managed=True, location=new_uuid())
    allocate(call.database, values["SR"], size)
    update_operations(call.database, "VDI", disk)
    return disk


@handles("VDI.destroy")
def destroy_disk(call: Call, vdi: str) -> None:
    """Delete a disk that no VM uses, and its VBDs."""
    with device_operation(call, "VDI", vdi, "destroy"):
        call.work()
        with call.database.lock:
            fields = call.database.get("VDI", vdi)
            for vbd in fields["VBDs"]:
                call.database.delete("VBD", vbd)
            call.database.delete("VDI", vdi)
            allocate(call.database, fields["SR"], -fields["virtual_size"])


@handles("VDI.resize")
def resize(call: Call, vdi: str, size: int) -> None:
    """Make a disk larger, while no VM uses it."""
    _resize(call, vdi, size, "resize")


@handles("VDI.resize_online")
def resize_online(call: Call, vdi: str, size: int) -> None:
    """Make a disk larger, also while a VM uses it."""
    _resize(call, vdi, size, "resize_online")


@handles("VDI.clone")
def clone_disk(call: Call, vdi: str, _parameters: Mapping[str, str] | None = None) -> str:
    """Add a copy of a disk that shares their common data."""
    with device_operation(call, "VDI", vdi, "clone"):
        call.work()
        return copy_disk(call.database, vdi)


@handles("VDI.snapshot")
def snapshot_disk(call: Call, vdi: str, _parameters: Mapping[str, str] | None = None) -> str:
    """Add a snapshot of a disk."""
    with device_operation(call, "VDI", vdi, "snapshot"):
        call.work()
        return copy_disk(call.database, vdi, snapshot=True)


@handles("VDI.copy")
def copy_to(call: Call, vdi: str, repository: str, _base: str = NULL, _into: str = NULL) -> str:
    """Add a full copy of a disk, in a repository."""
    if repository != NULL:
        _assert_reachable(call, repository)
    with device_operation(call, "VDI", vdi, "copy"):
        call.work()
        return copy_disk(call.database, vdi, repository=repository)


@handles("VBD.create")
def create_vbd(call: Call, record: Mapping[str, Any]) -> str:
    """Give a VM a disk or a CD drive. It is attached when the VM starts, or by VBD.plug."""
    of = CLASSES["VBD"]
    values = read_record(of, record)
    vm = call.database.get("VM", values["VM"])
    disk = NULL if values["empty"] else values["VDI"]
    read_only = disk != NULL and call.database.get("VDI", disk)["read_only"]
    if not values["empty"]:
        call.database.get("VDI", disk)
    if values["type"] == "CD" and values["mode"] != "RO":
        raise Failure("VBD_CDS_MUST_BE_READONLY")
    if values["type"] != "CD" and values["empty"]:
        raise Failure("VBD_NOT_REMOVABLE_MEDIA", "in constructor")
    if values["mode"] == "RW" and read_only:
        raise Failure("VDI_READONLY", disk)
    with call.database.lock:
        position = _position(call, vm, values["userdevice"])
        vbd = construct(call.database, of, record, userdevice=position, VDI=disk, device="", currently_attached=False)
        update_device_operations(call.database, values["VM"])
    return vbd


@handles("VBD.destroy")
def destroy_vbd(call: Call, vbd: str) -> None:
    """Delete the VBD of a disk that is not attached."""
    with call.database.lock:
        fields = call.database.get("VBD", vbd)
        if fields["currently_attached"]:
            vm = call.database.get("VM", fields["VM"])
            raise Failure("OPERATION_NOT_ALLOWED", f"VBD '{fields['uuid']}' still attached to '{vm['uuid']}'")
        call.database.delete("VBD", vbd)
        if fields["VDI"] != NULL:
            update_operations(call.database, "VDI", fields["VDI"])


@handles("VBD.plug")
def plug(call: Call, vbd: str) -> None:
    """Attach a disk to a running VM."""
    with device_operation(call, "VBD", vbd, "plug"):
        call.work()
        position = call.database.get("VBD", vbd)["userdevice"]
        device = f"xvd{chr(ord('a') + int(position) % 26)}" if position.isdigit() else position
        _write_vbd(call, vbd, currently_attached=True, device=device)


@handles("VBD.unplug", "VBD.unplug_force")
def unplug(call: Call, vbd: str) -> None:
    """Detach a disk from a running VM."""
    with device_operation(call, "VBD", vbd, "unplug"):
        call.work()
        _write_vbd(call, vbd, currently_attached=False, device="")


@handles("VBD.insert")
def insert(call: Call, vbd: str, vdi: str) -> None:
    """Put a CD into a drive."""
    call.database.get("VDI", vdi)
    with device_operation(call, "VBD", vbd, "insert"):
        _write_vbd(call, vbd, VDI=vdi, empty=False)


@handles("VBD.eject")
def eject(call: Call, vbd: str) -> None:
    """Take the CD from a drive."""
    with device_operation(call, "VBD", vbd, "eject"):
        _write_vbd(call, vbd, VDI=NULL, empty=True)


@handles("VBD.assert_attachable")
def assert_attachable(call: Call, vbd: str) -> None:
    """Raise the error that keeps a disk from being attached."""
    if error := find_error(call.database, "VBD", vbd, "attach"):
        raise Failure(*error)


@handles("VBD.set_mode")
def set_mode(call: Call, vbd: str, mode: str) -> None:
    """Let a VM only read a disk, or write it too, from its next start on."""
    call.database.write("VBD", vbd, mode=mode)


@handles("SR.scan", "SR.update")
def scan(call: Call, repository: str) -> None:
    """Look for disks that were changed from outside: there are none."""
    call.database.get("SR", repository)
    call.work()


def _resize(call: Call, vdi: str, size: int, operation: str) -> None:
    with device_operation(call, "VDI", vdi, operation):
        fields = call.database.get("VDI", vdi)
        _assert_reachable(call, fields["SR"])
        if size < fields["virtual_size"]:
            raise Failure("SR_BACKEND_FAILURE_79", "", f"VDI Invalid size [opterr=shrinking not allowed, {size}]", "")
        call.work()
        call.database.write("VDI", vdi, virtual_size=size)
        allocate(call.database, fields["SR"], size - fields["virtual_size"])


def _assert_reachable(call: Call, repository: str) -> None:
    attachments = [call.database.get("PBD", pbd) for pbd in call.database.get("SR", repository)["PBDs"]]
    if not any(attachment["currently_attached"] for attachment in attachments):
        raise Failure("SR_NO_PBDS", repository)


def _position(call: Call, vm: Mapping[str, Any], wanted: str) -> str:
    """Return the position of a new VBD. Raises DEVICE_ALREADY_EXISTS or INVALID_DEVICE."""
    taken = {call.database.get("VBD", vbd)["userdevice"] for vbd in vm["VBDs"]}
    if wanted == AUTODETECT:
        return next(str(number) for number in range(DEVICES) if str(number) not in taken)
    if not (wanted.isdigit() and int(wanted) < DEVICES) and not wanted.startswith(("xvd", "hd", "sd")):
        raise Failure("INVALID_DEVICE", wanted)
    if wanted in taken:
        raise Failure("DEVICE_ALREADY_EXISTS", wanted)
    return wanted


def _write_vbd(call: Call, vbd: str, **fields: Any) -> None:
    with call.database.lock:
        call.database.write("VBD", vbd, **fields)
        update_device_operations(call.database, call.database.get("VBD", vbd)["VM"])
