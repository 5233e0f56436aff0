"""Attachments: VBDs and VIFs, which give VMs volumes and networks."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hvlib.errors import Conflict, HvlibError, NotFound, QuotaExceeded
from hvlib_xenapi.rows import row_type, rows_of

if TYPE_CHECKING:
    from hvlib_xenapi.session import XenAPISession

__all__ = ["ATTACHED", "attach_network", "attach_volume", "detach", "find"]

ATTACHED = "hvlib-attached"
"""A key in a VBD's other_config: the volume was attached apart, and is none of the VM's own."""


def find(session: XenAPISession, cls: str, condition: str, *fields: str) -> dict[str, Any]:
    """Rows of VBDs or VIFs."""
    wanted = frozenset(fields)
    found = session.call(f"{cls}.get_all_records_where", condition, result=dict[str, row_type(cls, wanted)])  # type: ignore[misc]
    return rows_of(cls, wanted, found)


def attach_volume(session: XenAPISession, vm: str, volume: str, running: bool) -> None:
    """VBD.create, and VBD.plug if the VM runs. `Conflict` if a VM has the volume already."""
    disk = session.record("VDI", volume, "VBDs", "sharable", "read_only")
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
        "other_config": {ATTACHED: "true"},
        "qos_algorithm_type": "",
        "qos_algorithm_params": {},
    }
    _attach(session, "VBD", record, running)


def attach_network(session: XenAPISession, vm: str, network: str, running: bool) -> None:
    """VIF.create, and VIF.plug if the VM runs. `QuotaExceeded` if the VM has no place for another interface."""
    free = session.call("VM.get_allowed_VIF_devices", vm)
    if not free:
        raise QuotaExceeded(f"the VM {vm} can have no further interface now")
    record = {
        "VM": vm,
        "network": network,
        "device": free[0],
        "MAC": "",
        "MTU": session.record("network", network, "MTU").MTU,
        "other_config": {},
        "qos_algorithm_type": "",
        "qos_algorithm_params": {},
    }
    _attach(session, "VIF", record, running)


def detach(session: XenAPISession, cls: str, vm: str, field: str, target: str, running: bool) -> None:
    """Unplug what attaches a volume or a network if the VM runs, and destroy it. `NotFound` if there is none."""
    condition = f'(field "VM" = "{vm}") and (field "{field}" = "{target}")'
    found = find(session, cls, condition, "currently_attached")
    if not found:
        raise NotFound(f"{target} is not attached to the VM {vm}")
    for ref, row in found.items():
        if running and row.currently_attached:
            session.call(f"{cls}.unplug", ref)
        session.call(f"{cls}.destroy", ref)


def _attach(session: XenAPISession, cls: str, record: dict[str, Any], running: bool) -> None:
    ref = session.call(f"{cls}.create", record)
    if not running:
        return
    try:
        session.call(f"{cls}.plug", ref)
    except BaseException:
        with suppress(HvlibError):
            session.call(f"{cls}.destroy", ref)
        raise
