"""Match: conditions on the values of properties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from hvlib_vsphere.data_objects import MoRef, Row

__all__ = ["Match"]


class Match:
    """Wanted values by property, such as ``Match({"name": "DC0_*", "config.hardware.numCPU": 4})``.

    A text is a pattern with ``*``, ``?`` and ``[...]``, which a text matches; case counts. Any other value matches an
    equal value of the same type. An array matches if one of its items does.
    """

    def __init__(self, wanted: Mapping[str, object]) -> None:
        self._wanted = dict(wanted)

    @property
    def keys(self) -> tuple[str, ...]:
        """The properties."""
        return tuple(self._wanted)

    def property(self, path: str, value: object) -> bool:
        """Whether a property's value is wanted. Properties without a condition are not."""
        return path in self._wanted and _fits(self._wanted[path], value)

    def all(self, row: Row) -> bool:
        """Whether an object has all wanted values."""
        return all(path in row.values and _fits(wanted, row.values[path]) for path, wanted in self._wanted.items())

    def any(self, row: Row) -> bool:
        """Whether an object has one wanted value or more."""
        return any(path in row.values and _fits(wanted, row.values[path]) for path, wanted in self._wanted.items())

    def objects_with_all(self, rows: Iterable[Row]) -> list[MoRef]:
        """The objects that have all wanted values."""
        return [row.ref for row in rows if self.all(row)]

    def objects_with_any(self, rows: Iterable[Row]) -> list[MoRef]:
        """The objects that have one wanted value or more."""
        return [row.ref for row in rows if self.any(row)]


def _fits(wanted: object, value: object) -> bool:
    if type(value) is tuple and type(wanted) is not tuple:
        return any(_fits(wanted, item) for item in value)
    if isinstance(wanted, str):
        return isinstance(value, str) and fnmatchcase(value, wanted)
    return type(value) is type(wanted) and value == wanted
