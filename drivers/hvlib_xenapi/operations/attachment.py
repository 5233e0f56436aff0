"""Attachments: VBDs attach volumes to VMs, and VIFs attach networks."""

from __future__ import annotations

from functools import partial
from typing import Any

from hvlib.model.errors import Conflict, NotFound, QuotaExceeded
from hvlib_xenapi.operations.calls import Calls

__all__ = ["ATTACHED", "attach_network", "attach_volume", "detach"]

ATTACHED = "hvlib-attached"
"""A key in a VBD's other_config, whose value is the uuid of a volume that hvlib attached: it does not belong to the VM.

The server copies the key when it copies the VM. The copy's disk has another uuid, and so belongs to the copy.
"""


def attach_volume(calls: Calls, vm: str, volume: str, *, running: bool) -> None:
    """VBD.create, and VBD.plug if the VM runs. `Conflict` if a VM has the volume already and it is not sharable."""
    disk = calls.record("VDI", volume, "uuid", "VBDs", "sharable", "read_only")
    if disk.VBDs and not disk.sharable:
        raise Conflict(f"the volume {volume} is attached already")
    record = {
        "VM": vm,
        "VDI": volume,
        "userdevice": "autodetect",
        "bootable": False,
        "mode": "RO" if disk.read_only else "RW",
        "type": "Disk",
        "unpluggable": True,
        "empty": False,
        "other_config": {ATTACHED: disk.uuid},
        "qos_algorithm_type": "",
        "qos_algorithm_params": {},
    }
    _attach(calls, "VBD", record, running=running)


def attach_network(calls: Calls, vm: str, network: str, *, running: bool) -> None:
    """VIF.create, and VIF.plug if the VM runs. `QuotaExceeded` if the VM can't get another interface."""
    free = calls.read("VM.get_allowed_VIF_devices", vm)
    if not free:
        raise QuotaExceeded(f"the VM {vm} can't get another interface now")
    record = {
        "VM": vm,
        "network": network,
        "device": free[0],
        "MAC": "",
        "MTU": calls.record("network", network, "MTU").MTU,
        "other_config": {},
        "qos_algorithm_type": "",
        "qos_algorithm_params": {},
    }
    _attach(calls, "VIF", record, running=running)


def detach(calls: Calls, cls: str, vm: str, field: str, target: str, *, running: bool) -> None:
    """Unplug, if the VM runs, and destroy the VBD or VIF of a volume or a network. `NotFound` if there is none."""
    condition = f'(field "VM" = "{vm}") and (field "{field}" = "{target}")'
    found = calls.find(cls, condition, "currently_attached")
    if not found:
        raise NotFound(f"{target} is not attached to the VM {vm}")
    for ref, row in found.items():
        if running and row.currently_attached:
            calls.run(f"{cls}.unplug", ref, undo=partial(_plug, calls, cls, ref))
        calls.call(f"{cls}.destroy", ref)


def _attach(calls: Calls, cls: str, record: dict[str, Any], *, running: bool) -> None:
    ref = calls.call(f"{cls}.create", record, undo=lambda made: calls.call(f"{cls}.destroy", made))
    if running:
        calls.run(f"{cls}.plug", ref)


def _plug(calls: Calls, cls: str, ref: str, _: None) -> None:
    calls.run(f"{cls}.plug", ref)
