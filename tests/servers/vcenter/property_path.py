"""Property paths: which value a path like ``config.hardware.device[4000].key`` has, by the SDK's types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from servers.vcenter.sdk import VmomiSupport, vmodl

__all__ = ["assign", "read", "touches"]

PART = re.compile(r'(\w+)(?:\[(?:"([^"]*)"|(-?\d+))\])?(?:\.|$)')


class Step(NamedTuple):
    """A property of a structure, or one item of the array in it, by the item's key."""

    name: str
    key: str | int | None


@lru_cache(maxsize=4096)
def steps(path: str) -> tuple[Step, ...]:
    """The steps of a path. Raises InvalidProperty."""
    found, end = [], 0
    while end < len(path):
        part = PART.match(path, end)
        if part is None:
            raise vmodl.query.InvalidProperty(name=path, msg=f"the property path {path!r} is not valid")
        name, text, number = part.groups()
        found.append(Step(name, text if number is None else int(number)))
        end = part.end()
    return tuple(found)


def read(kind: Any, values: Mapping[str, Any], path: str) -> Any:
    """The value of a path of an object of this type; None if it is unset. Raises InvalidProperty."""
    reached: Any = None
    declared = kind
    for number, (name, key) in enumerate(steps(path)):
        try:
            info = declared._GetPropertyInfo(name)
        except AttributeError:
            raise vmodl.query.InvalidProperty(name=path, msg=f"{kind} has no {path}") from None
        owner = values if number == 0 else reached
        reached = owner.get(name) if isinstance(owner, Mapping) else getattr(owner, name, None)
        declared = info.type
        if key is not None:
            reached = next((item for item in reached or () if getattr(item, "key", None) == key), None)
            declared = declared.Item
        if isinstance(reached, VmomiSupport.DataObject):
            declared = type(reached)
    return _typed(reached, declared)


def assign(values: dict[str, Any], path: str, value: Any) -> None:
    """Give the property of a path, which has no keys, another value."""
    *parents, last = path.split(".")
    owner: Any = values
    for name in parents:
        owner = owner[name] if isinstance(owner, Mapping) else getattr(owner, name)
    if isinstance(owner, dict):
        owner[last] = value
    else:
        setattr(owner, last, value)


def touches(path: str, changed: str) -> bool:
    """Whether the value of a path may be another one after the value of another path has changed."""
    shorter, longer = sorted((path, changed), key=len)
    return longer == shorter or (longer.startswith(shorter) and longer[len(shorter)] in ".[")


def _typed(value: Any, declared: Any) -> Any:
    """A value of a type that the SDK writes as it is declared: a number does not know its size, an array its items."""
    if isinstance(value, list):
        return value if isinstance(value, VmomiSupport.Array) else declared(value)
    plain = isinstance(value, (int, float, str)) and not isinstance(value, declared)
    return declared(value) if plain else value
