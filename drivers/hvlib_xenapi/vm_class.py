"""The class VM: its objects are virtual machines, templates, snapshots and control domains. `FLAGS` tell them apart."""

from __future__ import annotations

from hvlib.model.resources import VM, Image, Resource, Snapshot
from hvlib_xenapi.wire.rows import Row

__all__ = ["CLASS", "FLAGS", "Named", "kind_of"]

CLASS = "VM"
FLAGS = ("is_a_template", "is_a_snapshot", "is_control_domain")
"""The fields that `kind_of` needs."""

Named = tuple[type[Resource], str]
"""An object: its kind and its reference."""


def kind_of(row: Row | None) -> type[Resource] | None:
    """The kind of an object of the class; None for a control domain, and for an object that is gone."""
    if row is None:
        return None
    if row.is_a_snapshot:
        return Snapshot
    if row.is_control_domain:
        return None
    return Image if row.is_a_template else VM
