"""Code: generates Python functions over a native row, and holds the values that their source names."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from keyword import iskeyword
from types import CodeType
from typing import Any, Protocol

from hvlib.driver.context import Context

__all__ = ["Code", "attribute", "item", "item_or_none"]


class Expression(Protocol):
    """Something that can be written as an expression of the source."""

    def source(self, code: Code, /) -> str: ...


class Code:
    """Generates functions of ``id``, an object's identifier, and ``row``, its native row.

    | read: returns the expression of a native property's value in a row: `attribute`, `item`, `item_or_none`
    | client: the driver's client, from which `Constant` columns take their values
    | joined: the objects that the driver read for joins
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
        """The expression of the value of a native property or a column. An empty name is the object's identifier."""
        if not isinstance(part, str):
            return part.source(self)
        return self._read(part) if part else "id"

    def bind(self, value: Any) -> str:
        """A new name for this value in the source."""
        name = self.name()
        self._values[name] = value
        return name

    def cache(self, new: Callable[[], Any]) -> str:
        """A new name for the result of ``new``, which is called once a page: refs must not be kept longer than that."""
        name = self.name()
        self._caches[name] = new
        return name

    def name(self) -> str:
        """A new name."""
        self._names += 1
        return f"v{self._names}"

    def function(self, signature: str, expression: str) -> Callable[[], Callable[..., Any]]:
        """A function that returns a new function each time, with caches of its own.

        | signature: the parameters of the returned function
        | expression: its result
        """
        caches = "".join(f"    {name} = {self.bind(new)}()\n" for name, new in self._caches.items())
        source = f"def make():\n{caches}    return lambda {signature}: {expression}\n"
        defined: dict[str, Any] = {}  # Not the globals: a function in its own globals would be a reference cycle.
        exec(_compiled(source), self._values, defined)
        function: Callable[[], Callable[..., Any]] = defined["make"]
        return function


def attribute(name: str) -> str:
    """Read an attribute, of a structure that has every property that is needed."""
    if not name.isidentifier() or iskeyword(name):
        raise ValueError(f"{name!r} can't be the name of an attribute")
    return f"row.{name}"


def item(name: str) -> str:
    """Read an item, of a dictionary that has every property."""
    return f"row[{name!r}]"


def item_or_none(name: str) -> str:
    """Read an item, of a dictionary that leaves out the properties that the object does not have."""
    return f"row.get({name!r})"


@lru_cache(maxsize=512)
def _compiled(source: str) -> CodeType:
    """The compiled source. A repeated query has the same source, only other values."""
    return compile(source, "<table>", "exec")
