"""World: a site's objects at one moment, and what has changed since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple, Self

from hvlib.conformance.site import Site
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Image, Network, Resource, Snapshot, Volume

__all__ = ["KINDS_THAT_CHANGE", "Changes", "Object", "Signature", "World", "unordered"]

KINDS_THAT_CHANGE: tuple[type[Resource], ...] = (VM, Image, Snapshot, Volume, Network)
"""The kinds whose objects an action can make, change or delete."""

PLAIN_FIELDS = ("power_state", "vcpus", "memory_bytes", "flavor", "size_bytes", "vlan_id", "mtu")
"""The fields whose values do not depend on names or on other objects."""

FIELDS = (*PLAIN_FIELDS, "name_label", "host", "networks", "volumes", "vm", "vms", "pool")
"""The fields that are compared."""

Fields = Mapping[str, Any]

Signature = Counter[tuple[object, ...]]
"""Kinds of changes with their numbers, which are the same each time an action changes objects in the same way."""


class Object(NamedTuple):
    """The kind and the identifier of an object."""

    kind: str
    id: str

    @classmethod
    def of(cls, ref: Ref) -> Self:
        """The object of a ref."""
        return cls(ref.kind, ref.id)


class Changes(NamedTuple):
    """The differences between two worlds. Volumes and snapshots of new VMs are left out."""

    new: Mapping[Object, Fields]
    gone: Mapping[Object, Fields]
    changed: Mapping[Object, Fields]
    """The new values of fields that have changed."""

    @property
    def none(self) -> bool:
        """Whether the worlds are the same."""
        return not (self.new or self.gone or self.changed)

    def old(self) -> set[Object]:
        """The objects that have changed or are gone."""
        return {*self.changed, *self.gone}

    def signature(self) -> Signature:
        """The kinds of the changes: the values of fields only where they are the same each time."""
        return Signature(
            [
                *(("new", object.kind) for object in self.new),
                *(("gone", object.kind) for object in self.gone),
                *(
                    (object.kind, name, value if name in PLAIN_FIELDS else None)
                    for object, fields in self.changed.items()
                    for name, value in fields.items()
                ),
            ]
        )


class World:
    """The site's values of each object's fields."""

    def __init__(self, site: Site, kinds: Collection[type[Resource]]) -> None:
        self.objects: dict[Object, Fields] = {
            Object(kind.kind, id): {name: unordered(values[name]) for name in FIELDS if name in values}
            for kind in kinds
            for id, values in site.truth(kind).items()
        }

    def changes(self, later: World, left: Collection[Object] = ()) -> Changes:
        """The differences to a ``later`` world, apart from the objects that an error names as ``left``."""
        before, after = self._without(left), later._without(left)
        added = after.keys() - before.keys()
        new_vms = {object.id for object in added if object.kind == VM.kind} | {object.id for object in left}
        return Changes(
            {object: after[object] for object in added if not _owners(later.objects[object]) & new_vms},
            {object: fields for object, fields in before.items() if object not in after},
            {
                object: _differing(before[object], after[object])
                for object in before.keys() & after.keys()
                if before[object] != after[object]
            },
        )

    def _without(self, left: Collection[Object]) -> dict[Object, Fields]:
        """The objects without some of them, and without the refs to them."""
        ids = {object.id for object in left}
        return {
            object: {name: _less(value, ids) for name, value in fields.items()}
            for object, fields in self.objects.items()
            if object not in left
        }


def unordered(value: object) -> object:
    """A value; for several refs the set of them, because their order is the server's own."""
    return frozenset(value) if isinstance(value, tuple) else value


def _differing(before: Fields, after: Fields) -> Fields:
    return {name: value for name, value in after.items() if before.get(name) != value}


def _owners(fields: Fields) -> set[str]:
    """The VMs that have a volume or a snapshot."""
    vms: Iterable[str] = fields.get("vms", ())
    return {*vms, *filter(None, [fields.get("vm")])}


def _less(value: object, ids: Collection[str]) -> object:
    """A value without refs to objects of ``ids``."""
    if isinstance(value, frozenset):
        return value.difference(ids)
    return None if value in ids else value
