"""Specs: which properties a property collector reads, of which objects."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.wire.soap_messages import element, reference

__all__ = ["FilterSpec", "ObjectSpec", "PropertySpec", "Traversal"]


class PropertySpec(msgspec.Struct, frozen=True):
    """Properties of the objects of a type, such as ``VirtualMachine``.

    | paths: ``name``, ``runtime.powerState``, ``config.hardware.device[4000]`` ...; None: all properties
    """

    type: str
    paths: Sequence[str] | None = None

    @property
    def xml(self) -> str:
        """The element of the request."""
        names = "".join(element("pathSet", path) for path in self.paths or ())
        return f"<propSet>{element('type', self.type)}{element('all', self.paths is None)}{names}</propSet>"


class Traversal(msgspec.Struct, frozen=True):
    """From objects of a type to the objects to which one of their properties refers: a TraversalSpec.

    | select: from those objects on to further ones
    | skip: leave out the objects that are reached, but not those that ``select`` reaches from them
    """

    type: str
    path: str
    select: tuple[Traversal, ...] = ()
    skip: bool = False

    @property
    def xml(self) -> str:
        """The element of the request."""
        where = element("type", self.type) + element("path", self.path) + element("skip", self.skip)
        return f'<selectSet xsi:type="TraversalSpec">{where}{"".join(each.xml for each in self.select)}</selectSet>'


class ObjectSpec(msgspec.Struct, frozen=True):
    """An object, and the objects that are reached from it.

    | skip: leave out the object itself
    """

    ref: MoRef
    select: tuple[Traversal, ...] = ()
    skip: bool = False

    @property
    def xml(self) -> str:
        """The element of the request."""
        beyond = "".join(each.xml for each in self.select)
        return f"<objectSet>{reference('obj', self.ref)}{element('skip', self.skip)}{beyond}</objectSet>"


class FilterSpec(msgspec.Struct, frozen=True):
    """A PropertyFilterSpec: properties by type, and the objects that have them.

    | report_missing: objects that do not exist are reported as missing; otherwise they are a fault of the whole call
    """

    properties: Sequence[PropertySpec]
    objects: Sequence[ObjectSpec]
    report_missing: bool = False

    @property
    def xml(self) -> str:
        """The parts of the element of the request."""
        missing = element("reportMissingObjectsInResults", True) if self.report_missing else ""
        parts = [*(each.xml for each in self.properties), *(each.xml for each in self.objects)]
        return "".join(parts) + missing
