"""The reference fields of each class, and the sets at their other ends (ocaml/idl/datamodel.ml, all_relations)."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["RELATIONS", "Relation"]


class Relation(NamedTuple):
    """A reference ``field`` to an object of ``table``, whose set ``other`` has the referring objects."""

    field: str
    table: str
    other: str


RELATIONS: dict[str, tuple[Relation, ...]] = {
    "VM": (
        Relation("snapshot_of", "VM", "snapshots"),
        Relation("parent", "VM", "children"),
        Relation("resident_on", "host", "resident_VMs"),
        Relation("appliance", "VM_appliance", "VMs"),
    ),
    "VDI": (
        Relation("snapshot_of", "VDI", "snapshots"),
        Relation("SR", "SR", "VDIs"),
        Relation("metadata_of_pool", "pool", "metadata_VDIs"),
    ),
    "VBD": (Relation("VM", "VM", "VBDs"), Relation("VDI", "VDI", "VBDs")),
    "VIF": (Relation("VM", "VM", "VIFs"), Relation("network", "network", "VIFs")),
    "console": (Relation("VM", "VM", "consoles"),),
    "crashdump": (Relation("VM", "VM", "crash_dumps"), Relation("VDI", "VDI", "crash_dumps")),
    "PBD": (Relation("host", "host", "PBDs"), Relation("SR", "SR", "PBDs")),
    "PIF": (
        Relation("host", "host", "PIFs"),
        Relation("network", "network", "PIFs"),
        Relation("bond_slave_of", "Bond", "slaves"),
    ),
    "Bond": (Relation("master", "PIF", "bond_master_of"),),
    "VLAN": (Relation("tagged_PIF", "PIF", "VLAN_slave_of"),),
    "host_cpu": (Relation("host", "host", "host_CPUs"),),
    "host_crashdump": (Relation("host", "host", "crashdumps"),),
    "task": (Relation("subtask_of", "task", "subtasks"),),
}
