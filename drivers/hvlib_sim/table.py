"""Tables: where each field of a kind comes from in the lab's objects.

A page of records is built field by field, then all at once by position: a list of ten thousand takes a few calls, not
ten thousand times as many as it has fields.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec

from hvlib.driver import Context
from hvlib.model.errors import InvalidQuery
from hvlib.model.query import Filter, Query
from hvlib.model.ref import Ref
from hvlib.model.resources import KINDS, Resource
from hvlib_sim.lab.objects import Link, Object

__all__ = ["AnyRef", "Column", "ManyRefs", "OneRef", "Refs", "Table", "Value"]

R = TypeVar("R", bound=Resource)


class Refs(dict[str, Ref]):
    """The refs of one kind by id, made when they are first asked for."""

    def __init__(self, context: Context, kind: type[Resource]) -> None:
        self._ref = context.ref
        self._kind = kind

    def __missing__(self, id: str) -> Ref:
        ref = self[id] = self._ref(self._kind, id)
        return ref


class Column(ABC):
    """Where one field comes from: an attribute of the lab's objects."""

    def __init__(self, attribute: str) -> None:
        self.attribute = attribute
        self.get = attrgetter(attribute)

    @abstractmethod
    def read(self, objects: Sequence[Object], context: Context, /) -> Iterable[object]:
        """The field's values."""

    def attribute_filter(self, filter: Filter) -> Filter:
        """The filter on the field as one on the attribute."""
        return filter


class Value(Column):
    """The attribute as it is."""

    def read(self, objects: Sequence[Object], _: Context) -> Iterable[object]:
        """The attributes."""
        return map(self.get, objects)


class OneRef(Column):
    """The id of an object of a kind, or None."""

    def __init__(self, attribute: str, kind: type[Resource]) -> None:
        super().__init__(attribute)
        self.kind = kind

    def read(self, objects: Sequence[Object], context: Context) -> Iterable[object]:
        """Refs of the ids."""
        refs = Refs(context, self.kind)
        return [target and refs[target] for target in map(self.get, objects)]

    def attribute_filter(self, filter: Filter) -> Filter:
        """On ids."""
        ids = [getattr(wanted, "id", wanted) for wanted in filter.alternatives]
        return Filter(filter.field, tuple(ids))


class ManyRefs(OneRef):
    """The ids of objects of a kind."""

    def read(self, objects: Sequence[Object], context: Context) -> Iterable[object]:
        """Refs of the ids."""
        refs = Refs(context, self.kind)
        return [tuple([refs[target] for target in targets]) for targets in map(self.get, objects)]


class AnyRef(Column):
    """A link to an object of any kind, or None."""

    def read(self, objects: Sequence[Object], context: Context) -> Iterable[object]:
        """Refs of the links."""
        return [link and context.ref(KINDS[link.kind], link.id) for link in map(self.get, objects)]

    def attribute_filter(self, filter: Filter) -> Filter:
        """On links."""
        links = [Link(wanted.kind, wanted.id) if isinstance(wanted, Ref) else wanted for wanted in filter.alternatives]
        return Filter(filter.field, tuple(links))


class Table(Generic[R]):
    """A kind, the class of the lab's objects that it shows, and a column for each of its fields.

    Native property names are the attributes of the lab's objects, behind ``sim.``.
    """

    def __init__(self, kind: type[R], source: type[Object], columns: Mapping[str, Column]) -> None:
        common = {name: Value(name) for name in ("uuid", "description", "tags", "created_at")}
        self.kind = kind
        self.source = source
        self.columns: dict[str, Column] = {**common, "name_label": Value("name"), **columns}
        self.fields = frozenset(self.columns)

    def records(self, query: Query[R], objects: Sequence[Any], context: Context) -> list[R]:
        """The objects as records that hold what the query needs."""
        columns = [self._column(name, query, objects, context) for name in query.record_type.__struct_fields__]
        return list(map(query.record_type, *columns))

    def test(self, query: Query[R]) -> Callable[[Any], bool] | None:
        """A function that says whether an object fits the filters; None: there are none."""
        if not query.filters:
            return None
        columns = [(self.columns[wanted.field], wanted) for wanted in query.filters]
        tests = [(column.get, column.attribute_filter(wanted).matches) for column, wanted in columns]
        return lambda one: all(matches(get(one)) for get, matches in tests)

    def check_native(self, query: Query[R]) -> None:
        """Raise `InvalidQuery` for a native property that the lab's objects do not have."""
        known = [f"sim.{name}" for name in self.source.__struct_fields__]
        for name in () if isinstance(query.native, bool) else query.native:
            if name not in known:
                raise InvalidQuery(f"{self.kind.kind} has no native property {name!r}", hint=" ".join(known))

    def _column(self, name: str, query: Query[R], objects: Sequence[Object], context: Context) -> Iterable[object]:
        if name == "ref":
            return [context.ref(self.kind, one.id) for one in objects]
        if name == "native":
            return [_native(one, query.native) for one in objects] if query.native else repeat(None)
        return self.columns[name].read(objects, context) if name in query.fields else repeat(None)


def _native(one: Object, wanted: bool | tuple[str, ...]) -> dict[str, Any]:
    names = [f"sim.{name}" for name in one.__struct_fields__] if isinstance(wanted, bool) else wanted
    return {name: msgspec.to_builtins(getattr(one, name.removeprefix("sim."))) for name in names}
