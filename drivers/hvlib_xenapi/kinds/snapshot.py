"""Snapshots, which are of the class VM."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver import Done, Started, action
from hvlib.driver.table import Field, RefTo, Table
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Snapshot
from hvlib_xenapi.adapter import LABELS, TAGS, LabelledAdapter
from hvlib_xenapi.operations.removal import remove
from hvlib_xenapi.values import known_moment, reference, stored_reference

__all__ = ["Snapshots"]

TABLE = Table(
    Snapshot,
    "VM",
    {
        **LABELS,
        **TAGS,
        "created_at": Field("snapshot_time", convert=known_moment),
        "vm": RefTo(VM, Field("snapshot_of", convert=reference), stored="snapshot_of", encode=stored_reference),
        "parent": RefTo(Snapshot, Field("parent", convert=reference), stored="parent", encode=stored_reference),
        "has_memory": Field("power_state", convert=lambda state: state == "Suspended"),
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
