"""Schema: the fields of the API's structures, as the vendor's SDK declares them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

__all__ = ["UNDECLARED", "Declared", "Structure", "structure"]

NAMESPACE = "urn:vim25"

OBJECT = "ManagedObjectReference"
"""The declared type of every reference to an object."""

UNUSED = frozenset({"dynamicType", "dynamicProperty"})
"""Fields that every structure has, and no server uses."""


class Declared(NamedTuple):
    """The type of a field: its name, and whether the field is an array."""

    type: str | None
    several: bool


UNDECLARED = Declared(None, several=False)
"""The type of a field that the SDK does not know."""


class Structure(dict[str, Any]):
    """A structure of the API, with the fields that are set. Other fields are None, or () if they are arrays.

    | kind: the name of its type
    """

    __slots__ = ("kind",)

    def __init__(self, kind: str, fields: Mapping[str, Any] = {}) -> None:
        super().__init__(fields)
        self.kind = kind

    def __missing__(self, name: str) -> Any:
        declared = (structure(self.kind) or {})[name]
        return () if declared.several else None

    def __reduce__(self) -> tuple[type[Structure], tuple[str, dict[str, Any]]]:
        return Structure, (self.kind, dict(self))


@cache
def structure(name: str) -> Mapping[str, Declared] | None:
    """The fields of a structure; None if the SDK does not know it, or if it is no structure."""
    types = _types()
    try:
        declared = types.GetWsdlType(NAMESPACE, name)
    except KeyError:
        return None
    if not issubclass(declared, types.DataObject):
        return None
    return {each.name: _declared(each.type) for each in declared._GetPropertyList() if each.name not in UNUSED}


def _declared(declared: Any) -> Declared:
    types = _types()
    if issubclass(declared, types.Array):
        return Declared(_name(declared.Item), several=True)
    return Declared(_name(declared), several=False)


def _name(declared: Any) -> str:
    types = _types()
    return OBJECT if issubclass(declared, types.ManagedObject) else str(types.GetWsdlName(declared))


@cache
def _types() -> Any:
    """The SDK's types, imported when a structure is read for the first time: that takes 30 ms."""
    from pyVmomi import VmomiSupport

    return VmomiSupport
