"""Snapshots, which are of the class VM."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver import Done, Started, action
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Snapshot
from hvlib_xenapi.adapter import LabelledAdapter
from hvlib_xenapi.operations.removal import remove
from hvlib_xenapi.table import LABELS, TAGS, Column, One, Table
from hvlib_xenapi.values import known_moment

__all__ = ["Snapshots"]

TABLE = Table(
    Snapshot,
    "VM",
    {
        **LABELS,
        **TAGS,
        "created_at": Column("snapshot_time", convert=known_moment),
        "vm": One("snapshot_of", VM, stored="snapshot_of"),
        "parent": One("parent", Snapshot, stored="parent"),
        "has_memory": Column("power_state", convert=lambda state: state == "Suspended"),
    },
    where={"is_a_snapshot": True},
)


class Snapshots(LabelledAdapter[Snapshot]):
    """Snapshots and checkpoints."""

    kind: ClassVar[type[Snapshot]] = Snapshot
    table = TABLE

    @action(actions.Delete)
    def delete(self, snapshot: Ref, delete: actions.Delete) -> Done | Started:
        """VM.destroy, and VDI.destroy of what it kept."""
        return remove(self.steps(), snapshot.id, kept=[ref.id for ref in delete.keep_volumes])
