"""Code: the source of functions over a native row, and the values that the source names."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from keyword import iskeyword
from types import CodeType
from typing import Any, Protocol

from hvlib.driver.context import Context

__all__ = ["Code", "attribute", "item", "item_or_none"]


class Expression(Protocol):
    """Something whose value the source can say."""

    def source(self, code: Code, /) -> str: ...


class Code:
    """The source of functions over ``id``, an object's identifier, and ``row``, its native row.

    | read: the expression of a native property's value in a row: `attribute`, `item`, `item_or_none`
    | client: what constants are taken from
    | joined: what the driver read for joins
    """

    def __init__(self, read: Callable[[str], str], context: Context, client: Any, joined: Any) -> None:
        self.context = context
        self.client = client
        self.joined = joined
        self._read = read
        self._values: dict[str, Any] = {}
        self._caches: dict[str, Callable[[], Any]] = {}
        self._names = 0

    def value(self, part: str | Expression) -> str:
        """The expression of a native property's value, or of a column's. An empty name is the object's identifier."""
        if not isinstance(part, str):
            return part.source(self)
        return self._read(part) if part else "id"

    def bind(self, value: Any) -> str:
        """A name that stands for a value."""
        name = self.name()
        self._values[name] = value
        return name

    def cache(self, new: Callable[[], Any]) -> str:
        """A name that stands for what ``new`` makes, anew for each page: refs, which must not be kept longer."""
        name = self.name()
        self._caches[name] = new
        return name

    def name(self) -> str:
        """A name that nothing else has."""
        self._names += 1
        return f"v{self._names}"

    def function(self, signature: str, expression: str) -> Callable[[], Callable[..., Any]]:
        """A function that makes a function, with caches of its own: ``signature`` is what that one takes."""
        caches = "".join(f"    {name} = {self.bind(new)}()\n" for name, new in self._caches.items())
        source = f"def make():\n{caches}    return lambda {signature}: {expression}\n"
        defined: dict[str, Any] = {}  # Apart: a function that is among its own globals is a cycle.
        exec(_compiled(source), self._values, defined)
        function: Callable[[], Callable[..., Any]] = defined["make"]
        return function


def attribute(name: str) -> str:
    """Read an attribute: of a structure that has every property that is asked for."""
    if not name.isidentifier() or iskeyword(name):
        raise ValueError(f"{name!r} is no attribute")
    return f"row.{name}"


def item(name: str) -> str:
    """Read an item: of a dictionary that has every property."""
    return f"row[{name!r}]"


def item_or_none(name: str) -> str:
    """Read an item: of a dictionary that lacks the properties that the object has not."""
    return f"row.get({name!r})"


@lru_cache(maxsize=512)
def _compiled(source: str) -> CodeType:
    """A query that comes again has the same source: only its values differ."""
    return compile(source, "<table>", "exec")
