"""Snapshots of VMs. Taking one and reverting to one are actions on the VM."""

from __future__ import annotations

from hvlib.driver import Started, action
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Snapshot
from hvlib_sim.adapter import LabelledAdapter
from hvlib_sim.lab import lifecycle, objects
from hvlib_sim.table import OneRef, Table, Value

__all__ = ["Snapshots"]


class Snapshots(LabelledAdapter[Snapshot]):
    """The snapshots of one VM form a tree."""

    kind = Snapshot
    table = Table(
        Snapshot,
        objects.Snapshot,
        {"vm": OneRef("vm", VM), "parent": OneRef("parent", Snapshot), "has_memory": Value("has_memory")},
    )

    @action(actions.Delete)
    def delete(self, snapshot: Ref | None, action: actions.Delete) -> Started:
        """The snapshots that follow it follow its parent afterwards."""
        return self.run(lifecycle.delete_snapshot, snapshot, action)
