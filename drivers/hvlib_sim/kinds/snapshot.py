"""Snapshots of VMs. Taking one and reverting to one are actions on the VM."""

from __future__ import annotations

from hvlib.driver import Started, action
from hvlib.driver.table import Table
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Snapshot
from hvlib_sim.adapter import LabelledAdapter
from hvlib_sim.fields import COMMON, attributes, ref_to
from hvlib_sim.lab import lifecycle, objects

__all__ = ["Snapshots"]


class Snapshots(LabelledAdapter[Snapshot]):
    """Snapshots. The snapshots of one VM form a tree."""

    kind = Snapshot
    source = objects.Snapshot
    table = Table(
        Snapshot,
        "Snapshot",
        {
            **COMMON,
            "vm": ref_to(VM, "vm"),
            "parent": ref_to(Snapshot, "parent"),
            **attributes("has_memory"),
        },
    )

    @action(actions.Delete)
    def delete(self, snapshot: Ref | None, action: actions.Delete) -> Started:
        """The children of the deleted snapshot become children of its parent."""
        return self.run(lifecycle.delete_snapshot, snapshot, action)
