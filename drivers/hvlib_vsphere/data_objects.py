"""Data objects: the server's references, objects and faults as Python objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

__all__ = ["TYPE_KEY", "Fault", "MoRef", "Row", "without_type"]

TYPE_KEY = "xsi:type"
"""The key under which the dict of a structure holds its type, if the server named it."""


class MoRef(NamedTuple):
    """A ManagedObjectReference: the server's name for one of its objects."""

    type: str
    id: str


class Row(NamedTuple):
    """An ObjectContent: an object, the values of its properties, and the faults of missing properties, by path."""

    ref: MoRef
    values: dict[str, Any]
    missing: dict[str, Fault]


class Fault(msgspec.Struct, frozen=True):
    """An exception of the server: the name of its type, the server's message, and its data as plain values."""

    type: str
    message: str
    detail: Mapping[str, Any]

    @property
    def words(self) -> str:
        """The message for users: the server's message if it has one, else the fault's type and its simple data."""
        if " " in self.message:
            return self.message
        data = " ".join(f"{name}={value}" for name, value in self.detail.items() if isinstance(value, str))
        return f"{self.type or self.message} {data}".rstrip()

    def plain(self) -> dict[str, Any]:
        """The fault as plain values, for the ``native`` of an error."""
        return {"type": self.type, "message": self.message, "detail": dict(self.detail)}

    @classmethod
    def of_localized(cls, value: object) -> Fault:
        """The fault of a decoded LocalizedMethodFault."""
        fields = value if isinstance(value, dict) else {}
        detail = fields.get("fault")
        detail = detail if isinstance(detail, dict) else {}
        return cls(str(detail.get(TYPE_KEY, "")), str(fields.get("localizedMessage") or ""), without_type(detail))


def without_type(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a structure, without its type."""
    return {name: value for name, value in fields.items() if name != TYPE_KEY}
