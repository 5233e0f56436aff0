"""Views: ContainerViews, whose ``view`` follows the inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from servers.vcenter.inventory import Entity, Inventory
from servers.vcenter.sdk import VmomiSupport, vim

__all__ = ["Views"]

CHILDREN: Mapping[Any, Sequence[str]] = {
    vim.Folder: ("childEntity",),
    vim.Datacenter: ("vmFolder", "hostFolder", "datastoreFolder", "networkFolder"),
    vim.ComputeResource: ("host", "resourcePool"),
    vim.ResourcePool: ("resourcePool", "vm"),
    vim.HostSystem: ("vm",),
}
"""The properties in which a container has other objects."""

PATHS = frozenset(path for paths in CHILDREN.values() for path in paths)

Entities = VmomiSupport.CreateArrayType(vim.ManagedEntity)


class Views:
    """The container views of all sessions. The inventory's lock is held in each call."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self.all: dict[str, Entity] = {}
        inventory.observers.append(self._observe)

    def create(self, id: str, container: Any, kinds: Sequence[Any], recursive: bool) -> Any:
        """Make a view of the objects of some types below a container."""
        self._inventory.find(container)
        values = {"container": container, "type": list(kinds), "recursive": recursive}
        found = self._below(container, tuple(kinds), recursive)
        view = self._inventory.add(vim.view.ContainerView(id), **values, view=found)
        self.all[id] = view
        return view.ref

    def destroy(self, id: str) -> None:
        """Destroy a view."""
        self._inventory.remove(self.all.pop(id))

    def _below(self, container: Any, kinds: tuple[Any, ...], recursive: bool) -> Any:
        found: dict[str, Any] = {}
        visited: set[str] = set()
        rest = [container]
        while rest:
            ref = rest.pop()
            entity = self._inventory.entities.get(ref._moId)
            if entity is None or entity.id in visited:
                continue
            visited.add(entity.id)
            children = [child for path in _paths(entity.ref) for child in entity.refs(path)]
            found.update((child._moId, child) for child in children if not kinds or isinstance(child, kinds))
            rest.extend(children if recursive else ())
        return Entities([found[id] for id in sorted(found, key=_ordered)])

    def _observe(self, entity: Entity, path: str | None) -> None:
        if path not in PATHS:
            return
        for view in list(self.all.values()):
            values = view.values
            found = self._below(values["container"], tuple(values["type"]), values["recursive"])
            if found != values["view"]:
                self._inventory.change(view, "view", found)


def _paths(ref: Any) -> Sequence[str]:
    return next((paths for kind, paths in CHILDREN.items() if isinstance(ref, kind)), ())


def _ordered(id: str) -> tuple[str, int]:
    """The order in which the objects were made."""
    prefix, _, number = id.rpartition("-")
    return prefix, int(number) if number.isdecimal() else 0
