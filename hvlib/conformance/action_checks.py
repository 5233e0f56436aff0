"""A check for each action: it does what it says, is refused where it must be, and the server's own word agrees.

What a driver believes of an action is not enough: whether it was done, and with which options, the site's truth tells.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import hvlib
from hvlib.conformance import attachment_checks, creation_checks, vm_checks, vm_power_checks
from hvlib.conformance.acting import GIB, PATIENCE, Acting, refused
from hvlib.model import actions
from hvlib.model.actions import Action
from hvlib.model.resources import VM, Network, Resource, Snapshot, TaskRecord, Volume

__all__ = ["CHECKS"]

CANCELLED = 10
"""A task that was over before it could be cancelled is begun again so often."""


def delete_snapshot(acting: Acting) -> None:
    vm = acting.halted()
    kept = vm.snapshot("kept").wait(timeout=PATIENCE)
    assert kept.delete().wait(timeout=PATIENCE) is None
    assert not acting.exists(kept)
    with refused(hvlib.NotFound):
        kept.delete().wait(timeout=PATIENCE)


def resize_volume(acting: Acting) -> None:
    volume = acting.provider.storage.volumes.create("conformance", GIB).wait(timeout=PATIENCE)
    assert volume.resize(2 * GIB).wait(timeout=PATIENCE).size_bytes == 2 * GIB
    acting.shows(volume, size_bytes=2 * GIB)
    acting.remove(volume)


def delete_volume(acting: Acting) -> None:
    volume = acting.provider.storage.volumes.create("conformance", GIB).wait(timeout=PATIENCE)
    assert volume.delete().wait(timeout=PATIENCE) is None
    assert not acting.exists(volume)
    used = acting.other(Volume, lambda volume: bool(volume.vms))
    with refused(hvlib.InvalidState, hvlib.Conflict):
        used.delete().wait(timeout=PATIENCE)


def delete_network(acting: Acting) -> None:
    network = acting.provider.network.networks.create("conformance").wait(timeout=PATIENCE)
    assert network.do(actions.Delete()).wait(timeout=PATIENCE) is None
    assert not acting.exists(network)


def cancel(acting: Acting) -> None:
    """What was cancelled in time is not done, then or later."""
    if acting.can("cancel"):
        assert any(_cancelled(acting) for _ in range(CANCELLED)), "no task was ever cancelled"
    else:
        _cancelled(acting)


def _cancelled(acting: Acting) -> bool:
    """Begin to start a VM, and cancel that. Cancelled or not, the task says what has become of the VM."""
    vm = acting.halted()
    task = vm.start()
    with suppress(hvlib.InvalidState):
        task.cancel()
    try:
        state = task.wait(timeout=PATIENCE).power_state
    except hvlib.TaskCancelled:
        state = "halted"
    acting.shows(vm, power_state=state)
    deadline = time.monotonic() + PATIENCE
    while task.state not in ("succeeded", "cancelled"):
        assert time.monotonic() < deadline
    with refused(hvlib.InvalidState):
        task.cancel()
    if task.state == "cancelled":
        acting.becomes(vm, vm.start(), power_state="running")
    return task.state == "cancelled"


CHECKS: dict[tuple[type[Resource], type[Action]], Callable[[Acting], None]] = {
    (VM, actions.Start): vm_power_checks.start,
    (VM, actions.Stop): vm_power_checks.stop,
    (VM, actions.Shutdown): vm_power_checks.shutdown,
    (VM, actions.Reboot): vm_power_checks.reboot,
    (VM, actions.Suspend): vm_power_checks.suspend,
    (VM, actions.Resume): vm_power_checks.resume,
    (VM, actions.Pause): vm_power_checks.pause,
    (VM, actions.Unpause): vm_power_checks.unpause,
    (VM, actions.Rename): vm_checks.rename,
    (VM, actions.SetTags): vm_checks.set_tags,
    (VM, actions.Resize): vm_checks.resize,
    (VM, actions.TakeSnapshot): vm_checks.snapshot,
    (VM, actions.Revert): vm_checks.revert,
    (VM, actions.Clone): vm_checks.clone,
    (VM, actions.Migrate): vm_checks.migrate,
    (VM, actions.AttachVolume): attachment_checks.attach_volume,
    (VM, actions.DetachVolume): attachment_checks.detach_volume,
    (VM, actions.AttachNetwork): attachment_checks.attach_network,
    (VM, actions.DetachNetwork): attachment_checks.detach_network,
    (VM, actions.Delete): vm_checks.delete,
    (VM, actions.CreateVM): creation_checks.create,
    (Snapshot, actions.Delete): delete_snapshot,
    (Volume, actions.CreateVolume): creation_checks.create_volume,
    (Volume, actions.ResizeVolume): resize_volume,
    (Volume, actions.Delete): delete_volume,
    (Network, actions.CreateNetwork): creation_checks.create_network,
    (Network, actions.Delete): delete_network,
    (TaskRecord, actions.Cancel): cancel,
}
