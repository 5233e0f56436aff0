"""Tables: where each field of a kind comes from in the server's objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hvlib.driver import Context
from hvlib.model.resources import Resource

__all__ = ["Column"]


@dataclass(frozen=True)
class Column:
    """Where one field comes from: a property of the server's objects.

    | convert: makes hvlib's value of the server's; a value that is None stays so
    | of: the kind of the objects that it names by identifier
    | ask: makes the server's value of one to filter by; None for one that the server can't filter by
    """

    native: str
    convert: Callable[[Any], Any] = lambda value: value
    of: type[Resource] | None = None
    ask: Callable[[Any], Any] = lambda value: None

    def read(self, item: Mapping[str, Any], context: Context) -> Any:
        """The field's value in an object."""
        value = item[self.native]
        if value is None:
            return None
        return self.convert(value) if self.of is None else context.ref(self.of, value)
