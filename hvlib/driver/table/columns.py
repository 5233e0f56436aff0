"""Columns: where one field comes from in a server's objects. Columns wrap columns."""

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
"""The name of a native property that stands for the object's own identifier."""

NOT_STORED: Any = object()
"""The stored value of a filter's value that the server can't compare a field with."""

KindOf: TypeAlias = Callable[[Any], "tuple[type[Resource], str] | None"]
"""Says of a native value what kind of object it names, and by which identifier; None for one that has no kind."""


def itself(named: tuple[type[Resource], str] | None) -> tuple[type[Resource], str] | None:
    """For columns of refs whose values are a kind and an identifier already: a `KindOf` that changes nothing."""
    return named


class Join(Protocol):
    """Objects of another collection that a field is made of too. How they are read is the driver's affair."""

    @property
    def name(self) -> str:
        """The other collection, for people."""

    @property
    def natives(self) -> Sequence[str]:
        """The object's own native properties that say what is joined to it."""

    def source(self, code: Code) -> str:
        """The expression of what is joined to an object, over ``id`` and ``row``; ``code.joined`` is what was read."""


class Column(ABC):
    """Where one field comes from.

    | stored: what the server's own filters call the field; None: it has no filter for it
    | since: the version of the server that has the field first; None: all have it
    | private: whether the server shows it to administrators alone
    """

    stored: str | None = None
    since: Any = None
    private: bool = False

    @abstractmethod
    def parts(self) -> Sequence[str | Column]:
        """The native properties and columns that this one is made of."""

    @abstractmethod
    def source(self, code: Code) -> str:
        """The expression of the field's value, over ``id`` and ``row``."""

    def encode(self, value: Any) -> Any:
        """A filter's value as the server stores it; `NOT_STORED` for one that it can't compare."""
        return value

    def inherit(self) -> None:
        """Take over what limits the columns that this one is made of. For constructors of columns that wrap others."""
        for part in self.parts():
            if isinstance(part, Column):
                self.private = self.private or part.private
                if part.since is not None and (self.since is None or self.since < part.since):
                    self.since = part.since

    def natives(self) -> Iterator[str]:
        """The object's own native properties that are needed."""
        for part in self.parts():
            if isinstance(part, Column):
                yield from part.natives()
            elif part != ID:
                yield part

    def joins(self) -> Iterator[Join]:
        """The joins that are needed."""
        for part in self.parts():
            if isinstance(part, Column):
                yield from part.joins()


class Field(Column):
    """A field that is made of native properties: ``convert`` takes a value for each of them.

    Without ``convert`` the value is the field's. A property that the server leaves out is None, if the driver's rows
    say so.
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
    """A value that is the same for all objects of a login: ``get`` takes the driver's client."""

    def __init__(self, get: Callable[[Any], Any]) -> None:
        self._get = get

    def parts(self) -> Sequence[str | Column]:
        """`Column.parts`."""
        return ()

    def source(self, code: Code) -> str:
        """`Column.source`."""
        return code.bind(self._get(code.client))


class Joined(Column):
    """A field that is made of what is joined to the object: ``convert`` takes that, then a value for each native."""

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
    """A field that refers to one object: ``identifier`` gives what it is named by; None or "": there is none.

    ``kind`` is the kind of the object, or says it of each value.
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
        value, found = code.value(self._identifier), code.name()
        if isinstance(self._kind, type):
            refs = code.cache(partial(Refs, code.context, self._kind))
            return f"({refs}[{found}] if ({found} := {value}) else None)"
        return f"{code.bind(RefsByValue(code.context, self._kind))}({value})"

    def encode(self, value: Any) -> Any:
        """`Column.encode`; without ``encode``, the identifier that a ref holds."""
        if self._encode is not None:
            return self._encode(value)
        return value.id if isinstance(value, Ref) else value


class RefsTo(RefTo):
    """A field that refers to several objects: ``identifier`` gives their names in their order; None: there are none."""

    def source(self, code: Code) -> str:
        """`Column.source`."""
        values = code.value(self._identifier)
        if isinstance(self._kind, type):
            return f"{code.cache(partial(Refs, code.context, self._kind))}.each({values})"
        return f"{code.bind(RefsByValue(code.context, self._kind))}.each({values})"


class Refs(dict[str, Ref]):
    """Refs of one kind by identifier, each made once: thousands of VMs have the same few networks."""

    def __init__(self, context: Context, kind: type[Resource]) -> None:
        super().__init__()
        self._ref = context.ref
        self._kind = kind

    def __missing__(self, id: str) -> Ref:
        return self.setdefault(id, self._ref(self._kind, id))

    def each(self, ids: Iterable[str] | None) -> tuple[Ref, ...]:
        """The refs of several identifiers; an empty one names nothing."""
        return tuple([self[id] for id in ids or () if id])


class RefsByValue:
    """Makes the refs of objects whose kind their native values say."""

    def __init__(self, context: Context, kind_of: KindOf) -> None:
        self._ref = context.ref
        self._kind_of = kind_of

    def __call__(self, value: Any) -> Ref | None:
        """The ref of the object that a value names; None if there is none, or if it has no kind."""
        named = None if value is None else self._kind_of(value)
        return None if named is None else self._ref(*named)

    def each(self, values: Iterable[Any] | None) -> tuple[Ref, ...]:
        """The refs of several values."""
        return tuple([ref for value in values or () if (ref := self(value)) is not None])
