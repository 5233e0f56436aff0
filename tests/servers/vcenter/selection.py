"""Selection: which objects a filter's ObjectSpecs select, and which of their properties its PropertySpecs name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from servers.vcenter.inventory import Entity, Inventory
from servers.vcenter.property_path import touches
from servers.vcenter.sdk import vmodl

__all__ = ["Selection"]

PropertyCollector = vmodl.query.PropertyCollector


class Selection:
    """One FilterSpec, over the objects of the inventory.

    | missing: the objects of the spec that do not exist
    """

    def __init__(self, inventory: Inventory, spec: Any) -> None:
        self._inventory = inventory
        self._spec = spec
        self._traversals = {each.name: each for each in self._named(spec.objectSet)}
        self.missing: list[Any] = []
        self.walked: set[str] = set()
        """The paths whose values decide which objects are selected."""
        self._kinds = tuple(each.type for each in spec.propSet)
        self._paths: dict[Any, tuple[str, ...]] = {}
        for kind, path in ((each.type, path) for each in spec.propSet for path in each.pathSet):
            Entity(kind("none"), {}).read(path)  # Raises InvalidProperty.

    def entities(self) -> dict[str, Entity]:
        """The selected objects, in the order in which they are reached."""
        selected: dict[str, Entity] = {}
        visited: set[tuple[str, int]] = set()
        self.missing, self.walked = [], set()
        for each in self._spec.objectSet:
            entity = self._inventory.entities.get(each.obj._moId)
            if entity is None:
                self.missing.append(each.obj)
                continue
            if not each.skip:
                selected[entity.id] = entity
            self._walk(entity, each.selectSet, selected, visited)
        return {id: entity for id, entity in selected.items() if isinstance(entity.ref, self._kinds)}

    def check(self) -> None:
        """Raise ManagedObjectNotFound for an object that is missing, unless the spec wants a report of those."""
        if self.missing and not self._spec.reportMissingObjectsInResults:
            self._inventory.find(self.missing[0])

    def paths(self, entity: Entity) -> tuple[str, ...]:
        """The paths of an object's properties that the spec names."""
        kind = type(entity.ref)
        if kind not in self._paths:
            self._paths[kind] = tuple(dict.fromkeys(self._named_paths(kind)))
        return self._paths[kind]

    def reads(self, entity: Entity, changed: str) -> Iterator[str]:
        """The paths of an object that may have other values after a change of another path."""
        return (path for path in self.paths(entity) if touches(path, changed))

    def depends_on(self, changed: str) -> bool:
        """Whether a change of this path may select other objects."""
        return any(touches(path, changed) for path in self.walked)

    def names(self, entity: Entity) -> bool:
        """Whether the spec names an object itself."""
        return any(each.obj._moId == entity.id for each in self._spec.objectSet)

    def _walk(
        self, entity: Entity, selections: Iterable[Any], selected: dict[str, Entity], visited: set[tuple[str, int]]
    ) -> None:
        for selection in selections:
            traversal = selection
            if not isinstance(selection, PropertyCollector.TraversalSpec):
                traversal = self._traversals[selection.name]
            if (entity.id, id(traversal)) in visited or not isinstance(entity.ref, traversal.type):
                continue
            visited.add((entity.id, id(traversal)))
            self.walked.add(traversal.path)
            for ref in entity.refs(traversal.path):
                found = self._inventory.entities.get(ref._moId)
                if found is None:
                    continue
                if not traversal.skip:
                    selected[found.id] = found
                self._walk(found, traversal.selectSet, selected, visited)

    def _named(self, specs: Iterable[Any]) -> Iterator[Any]:
        """The traversals that have names, at any depth."""
        for each in specs:
            if isinstance(each, PropertyCollector.TraversalSpec) and each.name:
                yield each
            if type(each) is not PropertyCollector.SelectionSpec:
                yield from self._named(each.selectSet)

    def _named_paths(self, kind: Any) -> Iterator[str]:
        for each in self._spec.propSet:
            if issubclass(kind, each.type):
                yield from [info.name for info in kind._GetPropertyList()] if each.all else each.pathSet
