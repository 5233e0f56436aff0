"""A class of XenAPI: its fields, and its messages.

The notation of the tables in `classes`: a field is ``name | type | qualifier | default``; the qualifier is ``ro``
(only the server sets it), ``new`` (a constructor sets it too) or ``rw``. A message is ``name(type parameter, ...):
type``, with a ``?`` after parameters that may be left out. Before it stands ``sync`` if it has no Async form, ``open``
if it needs no session, ``removed`` if it only answers MESSAGE_REMOVED. A line that is indented deeper continues the
line above.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hvlib_xapi_simulator.values import Type, parse_type

__all__ = ["Class", "Field", "Message", "Parameter", "table"]

NAME_SPACES = {
    "VM": "name memory VCPUs actions PV HVM",
    "VM_metrics": "memory VCPUs",
    "VBD": "qos",
    "VBD_metrics": "io",
    "VIF": "qos",
    "VIF_metrics": "io",
    "PIF_metrics": "io",
    "host": "name memory API_version",
    "host_metrics": "memory",
    "pool": "",
}
"""The prefixes of fields that are a name space, by class; all other classes have ``name`` (ocaml/idl/datamodel.ml)."""

MESSAGE = re.compile(r"(?P<marks>(?:(?:sync|open|removed) )*)(?P<name>\w+)\((?P<parameters>.*)\)(?:: (?P<result>.+))?$")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a class."""

    name: str
    type: Type
    qualifier: str
    default: Any
    has_default: bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a message, other than the session."""

    name: str
    type: Type
    required: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a class. ``result`` is None if it is void."""

    name: str
    parameters: tuple[Parameter, ...]
    result: Type | None = None
    session: bool = True
    asynchronous: bool = False
    removed: bool = False

    @property
    def required(self) -> int:
        """The number of required parameters."""
        return sum(parameter.required for parameter in self.parameters)


@dataclass(frozen=True, slots=True)
class Class:
    """A class: all of its fields, and the messages that they do not imply."""

    name: str
    fields: dict[str, Field]
    messages: tuple[Message, ...]
    made: bool
    """Clients may create and destroy its objects."""
    listed: bool
    """Whether there are get_all and the like."""
    removed: frozenset[str]
    """The messages implied by its fields that were removed."""

    def column(self, field: str) -> str:
        """Return the database's name of a field: name spaces end in two underscores (ocaml/database/db_names.ml)."""
        for space in NAME_SPACES.get(self.name, "name").split():
            if field.startswith(f"{space}_"):
                return field.replace("_", "__", 1) if space != "API_version" else f"{space}__{field[len(space) + 1 :]}"
        return field


def table(
    name: str, fields: str, messages: str = "", made: bool = False, listed: bool = True, removed: str = ""
) -> Class:
    """Read a class from its notation."""
    return Class(
        name,
        {field.name: field for field in map(_field, _lines(fields))},
        tuple(_message(name, line) for line in _lines(messages)),
        made,
        listed,
        frozenset(removed.split()),
    )


def _lines(text: str) -> Iterator[str]:
    lines = text.strip().splitlines()
    while lines:
        line = lines.pop(0).strip()
        while lines and lines[0].startswith(" " * 8):
            line += " " + lines.pop(0).strip()
        yield line


def _field(line: str) -> Field:
    name, type_name, qualifier, *default = line.split(" | ")
    type = parse_type(type_name)
    return Field(name, type, qualifier, type.default(default[0] if default else None), bool(default))


def _message(class_name: str, line: str) -> Message:
    found = MESSAGE.match(line)
    assert found, line
    marks = found["marks"].split()
    return Message(
        f"{class_name}.{found['name']}",
        tuple(map(_parameter, filter(None, found["parameters"].split(", ")))),
        parse_type(found["result"]) if found["result"] else None,
        session="open" not in marks,
        asynchronous="sync" not in marks,
        removed="removed" in marks,
    )


def _parameter(text: str) -> Parameter:
    type_name, _, name = text.rpartition(" ")
    return Parameter(name.removesuffix("?"), parse_type(type_name), not name.endswith("?"))
