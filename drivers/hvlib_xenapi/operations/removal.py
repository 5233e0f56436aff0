"""Removal of what the class VM holds: VMs and snapshots, with the disks that are theirs alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from hvlib.driver import Done, Started
from hvlib.model.errors import Closed, ConnectionFailed, HvlibError, InvalidState
from hvlib_xenapi.operations.attachment import ATTACHED
from hvlib_xenapi.operations.steps import Steps
from hvlib_xenapi.values import is_null
from hvlib_xenapi.wire.conditions import any_of

__all__ = ["clear_away", "remove"]

OWNER = "owner"
"""The server's own key in a VBD's other_config: the disk is the VM's. What it makes or copies with the VM has it."""


def remove(steps: Steps, vm: str, kept: Collection[str]) -> Done | Started:
    """VM.destroy of it and of its snapshots, then VDI.destroy of their own disks but those ``kept``.

    What the server would refuse is refused before anything is done, as far as it can be seen. If a snapshot or a disk
    can't be deleted all the same, the others are, and the error names those left. The last call is the task.
    """
    snapshots: list[str] = steps.record("VM", vm, "snapshots").snapshots
    for each in (vm, *snapshots):
        steps.call("VM.assert_operation_valid", each, "destroy")
    disks = _own_disks(steps, [vm, *snapshots], kept)
    if not disks and not snapshots:
        return steps.start("VM.destroy", vm)
    steps.run("VM.destroy", vm)
    left = _destroy(steps, "VM", snapshots)
    doomed = [disk for disk, owner in disks.items() if owner not in left]
    left |= _destroy(steps, "VDI", doomed[:-1])
    if doomed and not left:
        return steps.start("VDI.destroy", doomed[-1])
    left |= _destroy(steps, "VDI", doomed[-1:])
    if left:
        reasons = "; ".join(f"{ref}: {error}" for ref, error in left.items())
        first = next(iter(left.values()))
        raise type(first)(f"the VM is deleted, but not what it had: {reasons}", native=first.native) from first
    return Done()


def clear_away(steps: Steps, vm: str) -> None:
    """A VM that was being made, with its disks, as far as possible."""
    disks = _own_disks(steps, [vm], kept=())
    steps.run("VM.destroy", vm)
    _destroy(steps, "VDI", list(disks))


def _own_disks(steps: Steps, vms: Sequence[str], kept: Collection[str]) -> dict[str, str]:
    """The disks that end with VMs, each with its VM, suspended memory among them.

    `InvalidState` if the server can't delete one.
    """
    rows = steps.find("VBD", any_of("VM", vms), "VM", "VDI", "type", "other_config").values()
    attached = [row for row in rows if row.type == "Disk" and not is_null(row.VDI)]
    disks = steps.find("VDI", any_of("_ref", {row.VDI for row in attached}), "uuid", "managed") if attached else {}
    own = {row.VDI: row.VM for row in _owned([row for row in attached if row.VDI in disks], disks)}
    if own:
        users = steps.find("VBD", any_of("VDI", own), "VDI", "VM").values()
        shared = {row.VDI for row in users if row.VM not in vms}
        own = {disk: vm for disk, vm in own.items() if disk not in shared and disk not in kept}
    if foreign := [disks[disk].uuid for disk in own if not disks[disk].managed]:
        raise InvalidState(f"the server can't delete {', '.join(foreign)}: it does not manage it", hint="keep_volumes=")
    images = {row.suspend_VDI: vm for vm, row in steps.find("VM", any_of("_ref", vms), "suspend_VDI").items()}
    return own | {image: vm for image, vm in images.items() if not is_null(image)}


def _owned(attached: Sequence[Any], disks: Mapping[str, Any]) -> Iterator[Any]:
    """The VBDs of the VMs' own disks: those that say so; of a VM where none does, all that were not attached apart."""
    saying = {row.VM for row in attached if OWNER in row.other_config}
    for row in attached:
        apart = row.other_config.get(ATTACHED) == disks[row.VDI].uuid
        if OWNER in row.other_config or (row.VM not in saying and not apart):
            yield row


def _destroy(steps: Steps, cls: str, refs: Sequence[str]) -> dict[str, HvlibError]:
    """Destroy all; why some are left. Where the connection is gone, nothing more is tried."""
    left: dict[str, HvlibError] = {}
    for number, ref in enumerate(refs):
        try:
            steps.run(f"{cls}.destroy", ref)
        except (ConnectionFailed, Closed) as error:
            return left | dict.fromkeys(refs[number:], error)
        except HvlibError as error:
            left[ref] = error
    return left
