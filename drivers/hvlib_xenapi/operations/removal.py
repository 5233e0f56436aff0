"""Removal of VMs and snapshots, with the disks that belong to them alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from hvlib.model.errors import Closed, ConnectionFailed, HvlibError, InvalidState, NotFound
from hvlib.model.ref import Ref
from hvlib.model.resources import Snapshot, Volume
from hvlib_xenapi.operations.attachment import ATTACHED
from hvlib_xenapi.operations.calls import Calls
from hvlib_xenapi.values import is_null
from hvlib_xenapi.wire.conditions import any_of

__all__ = ["clear_away", "remove"]

OWNER = "owner"
"""The server's own key in the other_config of a VBD whose disk it made or copied with the VM: the disk is the VM's."""


def remove(calls: Calls, vm: str, kept: Collection[str]) -> None:
    """VM.destroy of the VM and of its snapshots, then VDI.destroy of their own disks except ``kept``.

    If it can be seen beforehand that the server would refuse, the error is raised before anything is deleted. Once the
    VM is deleted, its snapshots and disks are deleted too, even if the task is cancelled; not if the connection is
    lost. If one of them can't be deleted, the others are, and the error names it. A snapshot that stays keeps its
    disks.
    """
    snapshots: list[str] = calls.record("VM", vm, "snapshots").snapshots
    for each in (vm, *snapshots):
        calls.read("VM.assert_operation_valid", each, "destroy")
    _destroy(calls, vm, Leftovers(calls, snapshots, _own_disks(calls, [vm, *snapshots], kept)))


def clear_away(calls: Calls, vm: str) -> None:
    """Delete a VM whose creation was not completed, with its disks."""
    _destroy(calls, vm, Leftovers(calls, [], _own_disks(calls, [vm], kept=())))


def _destroy(calls: Calls, vm: str, leftovers: Leftovers) -> None:
    """VM.destroy, and removal of what the VM leaves. If the reply is lost, the error names all that may be left."""
    # A deletion can't be undone: after a cancellation, undo completes it.
    try:
        calls.run("VM.destroy", vm, undo=lambda _: leftovers.remove())
    except ConnectionFailed as error:  # The VM may be deleted.
        error.left = [*error.left, *leftovers.refs]
        raise
    leftovers.remove()


class Leftovers:
    """Removes the snapshots and the disks of a deleted VM. Each is tried once. ``disks`` maps each disk to its VM."""

    def __init__(self, calls: Calls, snapshots: Sequence[str], disks: Mapping[str, str]) -> None:
        self._calls = calls
        self._disks = disks
        self._untried = [*(("VM", ref) for ref in snapshots), *(("VDI", ref) for ref in disks)]
        self._left: dict[str, HvlibError] = {}

    @property
    def refs(self) -> list[Ref]:
        """The refs of the objects that were not tried yet."""
        return [self._ref(each) for _, each in self._untried]

    def remove(self) -> None:
        """Destroy all objects that were not tried yet. Raises the first failure, with all that failed in ``left``."""
        while self._untried:
            cls, ref = self._untried[0]
            if self._disks.get(ref) not in self._left:
                self._destroy(cls, ref)
            del self._untried[:1]  # After the try: if the step is cancelled, undo tries the object again.
        if self._left:
            raise self._failure()

    def _destroy(self, cls: str, ref: str) -> None:
        """Destroy one object. If the connection is lost, the remaining objects are not tried."""
        try:
            self._calls.run(f"{cls}.destroy", ref)
        except NotFound:
            return
        except (ConnectionFailed, Closed) as error:
            self._left |= {other: error for _, other in self._untried}
            self._untried.clear()
        except HvlibError as error:
            self._left[ref] = error

    def _failure(self) -> HvlibError:
        reasons = "; ".join(f"{ref}: {error}" for ref, error in self._left.items())
        first = next(iter(self._left.values()))
        failure = type(first)(f"deleted, but these of its objects are left: {reasons}", native=first.native)
        failure.left = [self._ref(each) for each in self._left]
        return failure

    def _ref(self, each: str) -> Ref:
        return self._calls.client.context.ref(Volume if each in self._disks else Snapshot, each)


def _own_disks(calls: Calls, vms: Sequence[str], kept: Collection[str]) -> dict[str, str]:
    """The disks that are deleted with VMs, each with its VM. Among them are those with the memory of suspended VMs.

    `InvalidState` if the server can't delete one of them.
    """
    rows = calls.find("VBD", any_of("VM", vms), "VM", "VDI", "type", "other_config").values()
    attached = [row for row in rows if row.type == "Disk" and not is_null(row.VDI)]
    disks = calls.find("VDI", any_of("_ref", {row.VDI for row in attached}), "uuid", "managed") if attached else {}
    own = {row.VDI: row.VM for row in _owned([row for row in attached if row.VDI in disks], disks)}
    if own:
        users = calls.find("VBD", any_of("VDI", own), "VDI", "VM").values()
        shared = {row.VDI for row in users if row.VM not in vms}
        own = {disk: vm for disk, vm in own.items() if disk not in shared and disk not in kept}
    if foreign := [disks[disk].uuid for disk in own if not disks[disk].managed]:
        reason = f"the server can't delete disks that it does not manage: {', '.join(foreign)}"
        raise InvalidState(reason, hint="keep_volumes=")
    memory_disks = {row.suspend_VDI: vm for vm, row in calls.find("VM", any_of("_ref", vms), "suspend_VDI").items()}
    return own | {disk: vm for disk, vm in memory_disks.items() if not is_null(disk)}


def _owned(attached: Sequence[Any], disks: Mapping[str, Any]) -> Iterator[Any]:
    """The VBDs of the VMs' own disks: those marked `OWNER`; if a VM has no mark, all that hvlib did not attach."""
    marked = {row.VM for row in attached if OWNER in row.other_config}
    for row in attached:
        by_hvlib = row.other_config.get(ATTACHED) == disks[row.VDI].uuid
        if OWNER in row.other_config or (row.VM not in marked and not by_hvlib):
            yield row
