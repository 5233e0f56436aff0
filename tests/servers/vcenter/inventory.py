"""Inventory: the server's managed objects with their properties, and who may read them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

from servers.vcenter import property_path
from servers.vcenter.messages import value as written
from servers.vcenter.sdk import VmomiSupport, vmodl

__all__ = ["Entity", "Inventory", "Observer", "complete"]

Observer = Callable[["Entity", str | None], None]
"""Is told of a change: the object, and the path that has changed; None if the object came or went."""

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)

SIMPLE: dict[Any, Any] = {bool: False, int: 0, float: 0.0, str: ""}


class Entity:
    """A managed object and its properties: `ref` is the SDK's, without a connection."""

    def __init__(self, ref: Any, values: dict[str, Any]) -> None:
        self.ref = ref
        self.values = values
        self._written: dict[str, str] = {}

    @property
    def id(self) -> str:
        """The object's identifier."""
        return str(self.ref._moId)

    def read(self, path: str) -> Any:
        """The value of a property path; None if it is unset. Raises InvalidProperty."""
        return property_path.read(type(self.ref), self.values, path)

    def refs(self, path: str) -> Sequence[Any]:
        """The references in a property, one or several. Raises InvalidProperty."""
        value = self.read(path)
        if isinstance(value, VmomiSupport.ManagedObject):
            return (value,)
        return value if isinstance(value, list) else ()

    def written(self, path: str) -> str:
        """The ``val`` element of a property path; "" if it is unset. Raises InvalidProperty."""
        if path not in self._written:
            value = self.read(path)
            self._written[path] = "" if value is None else written("val", value)
        return self._written[path]

    def assign(self, path: str, value: Any) -> None:
        """Change a property, without telling anybody."""
        property_path.assign(self.values, path, value)
        self._written = {each: text for each, text in self._written.items() if not property_path.touches(each, path)}


class Inventory:
    """All managed objects by their identifiers. ``lock`` guards them, and is notified of each change."""

    def __init__(self) -> None:
        self.lock = threading.Condition(threading.RLock())
        self.entities: dict[str, Entity] = {}
        self.observers: list[Observer] = []
        self.denied: dict[str, frozenset[str]] = {}
        """The properties of objects that nobody may read; an empty set stands for all of them."""
        self._numbers = count(1)

    def new_id(self, prefix: str) -> str:
        """An identifier that no object has had."""
        return f"{prefix}-{next(self._numbers)}"

    def add(self, ref: Any, **values: Any) -> Entity:
        """Add an object."""
        entity = Entity(ref, values)
        with self.lock:
            self.entities[entity.id] = entity
            self._tell(entity, None)
        return entity

    def remove(self, entity: Entity) -> None:
        """Remove an object."""
        with self.lock:
            del self.entities[entity.id]
            self._tell(entity, None)

    def change(self, entity: Entity, path: str, value: Any) -> None:
        """Give a property another value."""
        with self.lock:
            entity.assign(path, value)
            self._tell(entity, path)

    def add_to(self, entity: Entity, path: str, ref: Any) -> None:
        """Add a reference to the ones that a property has."""
        found = entity.read(path)
        self.change(entity, path, type(found)([*found, ref]))

    def take_from(self, entity: Entity, path: str, ref: Any) -> None:
        """Take a reference away from the ones that a property has."""
        found = entity.read(path)
        self.change(entity, path, type(found)([each for each in found if each != ref]))

    def find(self, ref: Any) -> Entity:
        """The object of a reference. Raises ManagedObjectNotFound."""
        entity = self.entities.get(ref._moId)
        if entity is None:
            message = f"The object {ref._moId!r} has already been deleted or has not been completely created"
            raise vmodl.fault.ManagedObjectNotFound(obj=ref, msg=message)
        return entity

    def of(self, kind: Any) -> Iterator[Entity]:
        """All objects of a type."""
        return (each for each in list(self.entities.values()) if isinstance(each.ref, kind))

    def may_read(self, entity: Entity, path: str) -> bool:
        """Whether users may read a property."""
        denied = self.denied.get(entity.id)
        return denied is None or (bool(denied) and path not in denied)

    def deny(self, id: str, paths: frozenset[str]) -> None:
        """Take away the right to read properties of an object; without ``paths``, all of them."""
        with self.lock:
            self.denied[id] = paths

    def allow_all(self) -> None:
        """Give users the right to read everything."""
        with self.lock:
            self.denied.clear()

    def _tell(self, entity: Entity, path: str | None) -> None:
        for observer in list(self.observers):
            observer(entity, path)
        self.lock.notify_all()


def complete(kind: Any, **values: Any) -> Any:
    """A structure of a type with these values. The other values that the type requires are the simplest ones."""
    made = kind(**values)
    for info in kind._GetPropertyList():
        if info.name in values or info.flags & VmomiSupport.F_OPTIONAL:
            continue
        setattr(made, info.name, _simplest(info.type))
    return made


def _simplest(kind: Any) -> Any:
    if issubclass(kind, list):
        return kind([_simplest(kind.Item)])  # A required array has an item.
    if issubclass(kind, VmomiSupport.Enum):
        return kind(kind.values[0])
    for simple, value in SIMPLE.items():
        if issubclass(kind, simple):
            return kind(value)
    if kind is datetime:
        return LONG_AGO
    return complete(kind) if issubclass(kind, VmomiSupport.DataObject) else kind("none")
