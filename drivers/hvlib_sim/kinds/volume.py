"""Volumes."""

from __future__ import annotations

from hvlib.driver import Started, action
from hvlib.driver.table import Table
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, StoragePool, Volume
from hvlib_sim.adapter import LabelledAdapter, required
from hvlib_sim.fields import COMMON, attributes, ref_to, refs_to
from hvlib_sim.lab import lifecycle, objects

__all__ = ["Volumes"]


class Volumes(LabelledAdapter[Volume]):
    """Volumes. Each volume is attached to one VM at most."""

    kind = Volume
    source = objects.Volume
    table = Table(
        Volume,
        "Volume",
        {
            **COMMON,
            **attributes("size_bytes"),
            "pool": ref_to(StoragePool, "pool"),
            "vms": refs_to(VM, "vms"),
            **attributes("bootable", "status", "problem"),
        },
    )

    @action(actions.CreateVolume)
    def create(self, _: Ref | None, action: actions.CreateVolume) -> Started:
        """`InvalidQuery` for an empty name or a size below 1; `TaskFailed` in the task if the pool lacks space."""
        required(bool(action.name_label), "a name can't be empty")
        required(action.size_bytes > 0, f"size_bytes can't be {action.size_bytes}")
        return self.run(lifecycle.create_volume, None, action)

    @action(actions.ResizeVolume)
    def resize(self, volume: Ref | None, action: actions.ResizeVolume) -> Started:
        """`InvalidQuery` in the task if the volume would shrink, `TaskFailed` if the pool lacks space."""
        required(action.size_bytes > 0, f"size_bytes can't be {action.size_bytes}")
        return self.run(lifecycle.resize_volume, volume, action)

    @action(actions.Delete)
    def delete(self, volume: Ref | None, action: actions.Delete) -> Started:
        """`Conflict` while the volume is attached."""
        return self.run(lifecycle.delete_volume, volume, action)
