"""A check for each action: the server carries it out, with its options, and refuses it where it must.

The checks do not rely on the driver's word: the site's truth shows whether the action was carried out.
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

MAX_CANCEL_ATTEMPTS = 10
"""How often a task is started in order to cancel it: a task may be over before it can be cancelled."""


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
    acting.check_values(volume, size_bytes=2 * GIB)
    acting.remove(volume)


def delete_volume(acting: Acting) -> None:
    volume = acting.provider.storage.volumes.create("conformance", GIB).wait(timeout=PATIENCE)
    assert volume.delete().wait(timeout=PATIENCE) is None
    assert not acting.exists(volume)
    used = acting.require(Volume, lambda volume: bool(volume.vms))
    with refused(hvlib.InvalidState, hvlib.Conflict):
        used.delete().wait(timeout=PATIENCE)


def delete_network(acting: Acting) -> None:
    network = acting.provider.network.networks.create("conformance").wait(timeout=PATIENCE)
    assert network.do(actions.Delete()).wait(timeout=PATIENCE) is None
    assert not acting.exists(network)


def cancel(acting: Acting) -> None:
    """An action that was cancelled in time is not carried out, then or later."""
    if acting.can_verify("cancel"):
        assert any(_cancelled(acting) for _ in range(MAX_CANCEL_ATTEMPTS)), "no task was ever cancelled"
    else:
        _cancelled(acting)


def _cancelled(acting: Acting) -> bool:
    """Whether a VM's start, cancelled at once, was cancelled in time. The VM's state must agree with the task's."""
    vm = acting.halted()
    task = vm.start()
    with suppress(hvlib.InvalidState):
        task.cancel()
    try:
        state = task.wait(timeout=PATIENCE).power_state
    except hvlib.TaskCancelled:
        state = "halted"
    acting.check_values(vm, power_state=state)
    deadline = time.monotonic() + PATIENCE
    while task.state not in ("succeeded", "cancelled"):
        assert time.monotonic() < deadline
    with refused(hvlib.InvalidState):
        task.cancel()
    if task.state == "cancelled":
        acting.check_result(vm, vm.start(), power_state="running")
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
