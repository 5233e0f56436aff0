"""Snapshots, which are objects of the class VM."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver import Steps, steps
from hvlib.driver.table import Field, Joined, RefTo, Table, itself
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import Snapshot
from hvlib_xenapi.adapter import LABELS, TAGS, LabelledAdapter
from hvlib_xenapi.joins import Forward
from hvlib_xenapi.operations.calls import Calls
from hvlib_xenapi.operations.removal import remove
from hvlib_xenapi.values import known_moment, stored_reference
from hvlib_xenapi.vm_class import CLASS, FLAGS, Named, kind_of
from hvlib_xenapi.wire.rows import Row

__all__ = ["Snapshots"]

OWNER = Forward(CLASS, FLAGS, via="snapshot_of", where='not (field "snapshots" = "()")')
PARENT = Forward(CLASS, FLAGS, via="parent", where='not (field "children" = "()")')
"""Owner and parent are read, as a reference does not suffice: it stays when the VM is deleted or becomes a template."""


def owner(row: Row | None, ref: str) -> Named | None:
    """Return the VM or template that a snapshot was taken of; None if it is gone."""
    kind = kind_of(row)
    return None if kind is None or kind is Snapshot else (kind, ref)


def parent(row: Row | None, ref: str) -> str | None:
    """Return the snapshot that another snapshot follows; None if it is gone."""
    return ref if kind_of(row) is Snapshot else None


TABLE = Table(
    Snapshot,
    "VM",
    {
        **LABELS,
        **TAGS,
        "created_at": Field("snapshot_time", convert=known_moment),
        "vm": RefTo(itself, Joined(OWNER, "snapshot_of", convert=owner), stored="snapshot_of", encode=stored_reference),
        "parent": RefTo(Snapshot, Joined(PARENT, "parent", convert=parent), stored="parent", encode=stored_reference),
        "has_memory": Field("power_state", convert=lambda state: state == "Suspended"),
    },
    where={"is_a_snapshot": True},
)


class Snapshots(LabelledAdapter[Snapshot]):
    """Snapshots and checkpoints."""

    kind: ClassVar[type[Snapshot]] = Snapshot
    table = TABLE

    @steps(actions.Delete)
    def delete(self, snapshot: Ref, delete: actions.Delete, steps: Steps) -> None:
        """VM.destroy, then VDI.destroy of the snapshot's disks."""
        remove(Calls(self.client, steps), snapshot.id, kept=[ref.id for ref in delete.keep_volumes])
