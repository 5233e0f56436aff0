"""Columns: say from which of the server's properties one field is made. A column may wrap other columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias

from hvlib.driver.context import Context
from hvlib.driver.table.code import Code
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["ID", "NOT_STORED", "Column", "Constant", "Field", "Join", "Joined", "KindOf", "RefTo", "RefsTo", "itself"]

ID = ""
"""Stands for the object's own identifier where a column takes the name of a native property."""

NOT_STORED: Any = object()
"""The result of `Column.encode` for a filter's value that the server can't compare."""

KindOf: TypeAlias = Callable[[Any], "tuple[type[Resource], str] | None"]
"""Returns the kind and the identifier of the object that a native value names; None if hvlib has no such kind."""


def itself(named: tuple[type[Resource], str] | None) -> tuple[type[Resource], str] | None:
    """Return its argument: the `KindOf` of columns whose values are already a kind and an identifier."""
    return named


class Join(Protocol):
    """Objects of another collection that a field needs too. The driver reads them."""

    @property
    def name(self) -> str:
        """The name of the other collection: drivers find the joined rows by it, and the documentation shows it."""

    @property
    def natives(self) -> Sequence[str]:
        """The object's own native properties that name the joined object."""

    def source(self, code: Code) -> str:
        """Python source that gives the joined object. It may use the names ``id`` (the object's identifier) and ``row``
        (its native row); ``code.joined`` holds the objects that the driver has read.
        """


class Column(ABC):
    """Says from which of the server's properties one field is made.

    | stored: the field's name in the server's own filters; None: the server can't filter by it
    | since: the first version of the server that has the field; None: all versions have it
    | private: whether the server shows it to administrators alone
    """

    stored: str | None = None
    since: Any = None
    private: bool = False

    @abstractmethod
    def parts(self) -> Sequence[str | Column]:
        """The native properties and columns that this column is made of."""

    @abstractmethod
    def source(self, code: Code) -> str:
        """Python source that gives the field's value. It may use the names ``id`` and ``row``."""

    def encode(self, value: Any) -> Any:
        """A filter's value as the server stores it; `NOT_STORED` for a value that the server can't compare."""
        return value

    def inherit(self) -> None:
        """Take over ``private`` and ``since`` from the columns in `parts`. Called by constructors."""
        for part in self.parts():
            if isinstance(part, Column):
                self.private = self.private or part.private
                if part.since is not None and (self.since is None or self.since < part.since):
                    self.since = part.since

    def natives(self) -> Iterator[str]:
        """The object's own native properties that the column needs."""
        for part in self.parts():
            if isinstance(part, Column):
                yield from part.natives()
            elif part != ID:
                yield part

    def joins(self) -> Iterator[Join]:
        """The joins that the column needs."""
        for part in self.parts():
            if isinstance(part, Column):
                yield from part.joins()


class Field(Column):
    """A field that is made of native properties: ``convert`` takes the value of each.

    Without ``convert`` the property's value is the field's. If the server leaves a property out, its value is None for
    a driver that reads rows by `item_or_none`, and an error for one that reads by `item` or `attribute`.
    """

    def __init__(
        self,
        *natives: str | Column,
        convert: Callable[..., Any] | None = None,
        stored: str | None = None,
        encode: Callable[[Any], Any] | None = None,
        since: Any = None,
        private: bool = False,
    ) -> None:
        self._natives = natives
        self._convert = convert
        self._encode = encode
        self.stored = stored
        self.since = since
        self.private = private
        self.inherit()

    def parts(self) -> Sequence[str | Column]:
        """`Column.parts`."""
        return self._natives

    def source(self, code: Code) -> str:
        """`Column.source`."""
        values = [code.value(part) for part in self._natives]
        return values[0] if self._convert is None else f"{code.bind(self._convert)}({', '.join(values)})"

    def encode(self, value: Any) -> Any:
        """`Column.encode`."""
        return value if self._encode is None else self._encode(value)


class Constant(Column):
    """A value that is the same for all objects of a login: ``get`` returns it, given the driver's client."""

    def __init__(self, get: Callable[[Any], Any]) -> None:
        self._get = get

    def parts(self) -> Sequence[str | Column]:
        """`Column.parts`."""
        return ()

    def source(self, code: Code) -> str:
        """`Column.source`."""
        return code.bind(self._get(code.client))


class Joined(Column):
    """A field of joined objects.

    ``convert`` takes what the join gives (an object, None, or several objects), then the value of each native property.
    """

    def __init__(self, join: Join, *natives: str | Column, convert: Callable[..., Any], private: bool = False) -> None:
        self._join = join
        self._own = natives
        self._convert = convert
        self.private = private
        self.inherit()

    def parts(self) -> Sequence[str | Column]:
        """`Column.parts`."""
        return (*self._own, *self._join.natives)

    def joins(self) -> Iterator[Join]:
        """`Column.joins`."""
        yield self._join
        yield from super().joins()

    def source(self, code: Code) -> str:
        """`Column.source`."""
        values = [self._join.source(code), *(code.value(part) for part in self._own)]
        return f"{code.bind(self._convert)}({', '.join(values)})"


class RefTo(Column):
    """A field that refers to one object.

    | kind: the kind of the object, or the function that returns kind and identifier for each value
    | identifier: the property or column whose value is the object's identifier. If that value is None or "", the field
      is None
    """

    def __init__(
        self,
        kind: type[Resource] | KindOf,
        identifier: str | Column,
        *,
        stored: str | None = None,
        encode: Callable[[Any], Any] | None = None,
    ) -> None:
        self._kind = kind
        self._identifier = identifier
        self._encode = encode
        self.stored = stored
        self.inherit()

    def parts(self) -> Sequence[str | Column]:
        """`Column.parts`."""
        return (self._identifier,)

    def source(self, code: Code) -> str:
        """`Column.source`."""
        value, id = code.value(self._identifier), code.name()
        if isinstance(self._kind, type):
            refs = code.cache(partial(Refs, code.context, self._kind))
            return f"({refs}[{id}] if ({id} := {value}) else None)"
        return f"{code.bind(RefsByValue(code.context, self._kind))}({value})"

    def encode(self, value: Any) -> Any:
        """`Column.encode`. Without ``encode``, a ref is stored as its identifier."""
        if self._encode is not None:
            return self._encode(value)
        return value.id if isinstance(value, Ref) else value


class RefsTo(RefTo):
    """A field that refers to several objects: the value of ``identifier`` is their identifiers in order, or None."""

    def source(self, code: Code) -> str:
        """`Column.source`."""
        values = code.value(self._identifier)
        if isinstance(self._kind, type):
            return f"{code.cache(partial(Refs, code.context, self._kind))}.each({values})"
        return f"{code.bind(RefsByValue(code.context, self._kind))}.each({values})"


class Refs(dict[str, Ref]):
    """Refs of one kind by identifier, each made once: thousands of VMs refer to the same few networks."""

    def __init__(self, context: Context, kind: type[Resource]) -> None:
        super().__init__()
        self._ref = context.ref
        self._kind = kind

    def __missing__(self, id: str) -> Ref:
        return self.setdefault(id, self._ref(self._kind, id))

    def each(self, ids: Iterable[str] | None) -> tuple[Ref, ...]:
        """The refs of several identifiers. Empty identifiers are left out."""
        return tuple([self[id] for id in ids or () if id])


class RefsByValue:
    """Makes refs from native values that name an object of one kind or another."""

    def __init__(self, context: Context, kind_of: KindOf) -> None:
        self._ref = context.ref
        self._kind_of = kind_of

    def __call__(self, value: Any) -> Ref | None:
        """The ref of the object that a value names; None if there is none, or if hvlib has no such kind."""
        named = None if value is None else self._kind_of(value)
        return None if named is None else self._ref(*named)

    def each(self, values: Iterable[Any] | None) -> tuple[Ref, ...]:
        """The refs of several values. Values without a ref are left out."""
        return tuple([ref for value in values or () if (ref := self(value)) is not None])
