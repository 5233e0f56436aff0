"""WaitFilter: what to wait for, put together object by object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.property.spec import FilterSpec, ObjectSpec, PropertySpec, Traversal

__all__ = ["WaitFilter"]


class WaitFilter:
    """Objects and their properties, for `Collector.create_filter`: ``WaitFilter().add(...).add(...).spec``."""

    def __init__(self) -> None:
        self._properties: list[PropertySpec] = []
        self._objects: list[ObjectSpec] = []

    @property
    def spec(self) -> FilterSpec:
        """All that was added."""
        return FilterSpec(tuple(self._properties), tuple(self._objects))

    def add(self, ref: MoRef, type: str, paths: Sequence[str] | None = None, select: Sequence[Traversal] = ()) -> Self:
        """Add properties (None: all) of the objects of a type: of ``ref`` itself, and of what ``select`` reaches."""
        properties = PropertySpec(type, paths)
        if properties not in self._properties:
            self._properties.append(properties)
        self._objects.append(ObjectSpec(ref, tuple(select), skip=ref.type != type))
        return self
