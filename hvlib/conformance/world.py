"""World: a site's objects at one moment, and what has changed since."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from hvlib.conformance.site import Site
from hvlib.model.resources import VM, Image, Network, Resource, Snapshot, Volume

__all__ = ["KINDS_THAT_CHANGE", "Changes", "Object", "World"]

KINDS_THAT_CHANGE: tuple[type[Resource], ...] = (VM, Image, Snapshot, Volume, Network)
"""The kinds whose objects an action can make, change or delete."""

FIELDS = (
    *("name_label", "power_state", "vcpus", "memory_bytes", "flavor", "host", "networks", "volumes"),
    *("vm", "vms", "size_bytes", "pool", "vlan_id", "mtu"),
)
"""The fields that are compared."""

Fields = Mapping[str, Any]


class Object(NamedTuple):
    """The kind and the identifier of an object."""

    kind: str
    id: str


class Changes(NamedTuple):
    """The differences between two worlds. Volumes and snapshots of new VMs are left out."""

    new: Mapping[Object, Fields]
    gone: Mapping[Object, Fields]
    changed: Mapping[Object, Fields]

    @property
    def none(self) -> bool:
        """Whether the worlds are the same."""
        return not (self.new or self.gone or self.changed)

    @property
    def several_of_a_kind(self) -> bool:
        """Whether several new objects are of one kind."""
        return len({object.kind for object in self.new}) < len(self.new)

    def ids(self) -> set[str]:
        """The identifiers of the objects that have changed or are gone."""
        return {object.id for object in (*self.changed, *self.gone)}


class World:
    """The site's values of each object's fields."""

    def __init__(self, site: Site, kinds: Collection[type[Resource]]) -> None:
        self.objects: dict[Object, Fields] = {
            Object(kind.kind, id): {name: values[name] for name in FIELDS if name in values}
            for kind in kinds
            for id, values in site.truth(kind).items()
        }

    def changes(self, later: World, left: Collection[str] = ()) -> Changes:
        """The differences to a ``later`` world, apart from the objects that an error names as ``left``."""
        before, after = self._without(left), later._without(left)
        added = after.keys() - before.keys()
        new_vms = {object.id for object in added if object.kind == VM.kind} | set(left)
        return Changes(
            {object: after[object] for object in added if not _owners(later.objects[object]) & new_vms},
            {object: fields for object, fields in before.items() if object not in after},
            {object: after[object] for object in before.keys() & after.keys() if before[object] != after[object]},
        )

    def _without(self, ids: Collection[str]) -> dict[Object, Fields]:
        """The objects without some of them, and without the refs to them."""
        return {
            object: {name: _less(value, ids) for name, value in fields.items()}
            for object, fields in self.objects.items()
            if object.id not in ids
        }


def _owners(fields: Fields) -> set[str]:
    """The VMs that have a volume or a snapshot."""
    return {*fields.get("vms", ()), *filter(None, [fields.get("vm")])}


def _less(value: object, ids: Collection[str]) -> object:
    """A value without refs to objects of ``ids``."""
    if isinstance(value, tuple):
        return tuple(each for each in value if each not in ids)
    return None if value in ids else value
