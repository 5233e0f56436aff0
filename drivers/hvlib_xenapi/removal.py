"""Removal of what the class VM holds: VMs and snapshots, with the disks that are theirs alone."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from hvlib.driver import Started
from hvlib_xenapi.attachment import ATTACHED, find
from hvlib_xenapi.table import any_of
from hvlib_xenapi.values import is_null

if TYPE_CHECKING:
    from hvlib_xenapi.session import XenAPISession

__all__ = ["remove"]


def remove(session: XenAPISession, vm: str, kept: Collection[str]) -> Started:
    """VM.destroy, then VDI.destroy of its own disks but those ``kept``; the last of these calls is the task.

    Its own are the disks that no VBD of another VM has, and that were not attached apart.
    """
    own = own_disks(session, vm, kept)
    if not own:
        return session.start_task("VM.destroy", vm)
    session.call("VM.destroy", vm)
    for disk in own[:-1]:
        session.call("VDI.destroy", disk)
    return session.start_task("VDI.destroy", own[-1])


def own_disks(session: XenAPISession, vm: str, kept: Collection[str]) -> list[str]:
    """The disks that end with a VM, its suspended memory among them."""
    image: str = session.record("VM", vm, "suspend_VDI").suspend_VDI
    attached = find(session, "VBD", f'field "VM" = "{vm}"', "VDI", "type", "other_config").values()
    disks = {row.VDI for row in attached if _is_own(row) and row.VDI not in kept}
    if disks:
        others = find(session, "VBD", any_of("VDI", disks), "VDI", "VM").values()
        disks -= {row.VDI for row in others if vm != row.VM}
    return sorted(disks) + ([] if is_null(image) else [image])


def _is_own(row: Any) -> bool:
    return row.type == "Disk" and not is_null(row.VDI) and ATTACHED not in row.other_config
