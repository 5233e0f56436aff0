"""Snapshots: vim.vm.Snapshot. Their names and times are in a tree, a property of their VM."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from hvlib.driver.table import Field, RefTo, Table, itself
from hvlib.model.ref import Ref
from hvlib.model.resources import Snapshot
from hvlib_vsphere.columns import DERIVED_UUID, NAME
from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.parts import OWNER, PartsAdapter
from hvlib_vsphere.property.spec import ObjectSpec, Traversal
from hvlib_vsphere.templates import MACHINE, TEMPLATE
from hvlib_vsphere.values import kind_of, moment, plain_text
from hvlib_vsphere.wire.decoding import as_tuple

__all__ = ["Snapshots"]

SNAPSHOT = "VirtualMachineSnapshot"
PARENT = "its parent"
"""The key under which a snapshot's values have the reference to its parent."""

Tree = Mapping[str, Any]

TABLE = Table(
    Snapshot,
    MACHINE,
    {
        **DERIVED_UUID,
        **NAME,
        "description": Field("description", convert=plain_text),
        "created_at": Field("createTime", convert=moment),
        "vm": RefTo(itself, OWNER),
        "parent": RefTo(kind_of, PARENT),
        "has_memory": Field("state", convert=lambda state: state in ("poweredOn", "suspended")),
    },
)


class Snapshots(PartsAdapter[Snapshot]):
    """Snapshots. The server has no uuids for them."""

    kind: ClassVar[type[Snapshot]] = Snapshot
    table = TABLE
    source = "snapshot"
    paths = (TEMPLATE, source)
    structure = "VirtualMachineSnapshotTree"

    def objects_of(self, refs: Iterable[Ref]) -> list[ObjectSpec]:
        """`PartsAdapter.objects_of`: a snapshot names its VM."""
        snapshots = (MoRef(SNAPSHOT, ref.id) for ref in refs if ref.kind == self.kind.kind)
        return [ObjectSpec(snapshot, (Traversal(SNAPSHOT, "vm"),), skip=True) for snapshot in snapshots]

    def parts(self, vm: MoRef, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:  # noqa: ARG002
        """`PartsAdapter.parts`."""
        untold: list[tuple[MoRef | None, Tree]] = [(None, tree) for tree in _trees(value, "rootSnapshotList")]
        while untold:
            parent, tree = untold.pop()
            snapshot: MoRef = tree["snapshot"]
            yield snapshot.id, {**tree, PARENT: parent}
            untold.extend((snapshot, child) for child in _trees(tree, "childSnapshotList"))


def _trees(value: Tree | None, name: str) -> tuple[Tree, ...]:
    return as_tuple(None if value is None else value.get(name))
