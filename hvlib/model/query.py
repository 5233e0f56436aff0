"""Queries: which fields of which objects.

A filter is a value, a list of values (any of them), `glob`, or a Ref. On a field that holds several values it matches
if any of them does. Servers filter where they can; core checks what they return again with `Query.matches`, so a
filter means the same on every driver.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from types import NoneType
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin
from uuid import UUID

import msgspec

from hvlib.model.arguments import text
from hvlib.model.errors import InvalidQuery, Unsupported
from hvlib.model.ref import Ref, check_kind, checked
from hvlib.model.resources import Resource
from hvlib.model.resources.record import build, field_types, projection

__all__ = ["Filter", "Glob", "Query", "Request", "glob", "make_query", "read_request"]

R = TypeVar("R", bound=Resource)

OPTIONS = ("fields", "native", "page_size", "after", "since", "known", "timeout")
"""Names that calls use for their options: no field may have one of them."""


class Glob(msgspec.Struct, frozen=True):
    """A pattern for text: ``*``, ``?`` and ``[abc]``, case-sensitive, over the whole value."""

    pattern: str

    def matches(self, value: object) -> bool:
        """Whether a value is text that fits the pattern."""
        return isinstance(value, str) and fnmatchcase(value, self.pattern)


def glob(pattern: str) -> Glob:
    """A filter by pattern: ``*`` any text, ``?`` a character, ``[abc]`` one of these; case-sensitive.

    >>> glob("web-*").matches("web-12"), glob("web-*").matches("Web-12")
    (True, False)
    """
    if not isinstance(pattern, str):
        raise InvalidQuery(f"a pattern is text, not {pattern!r}")
    return Glob(text("a pattern", pattern))


class Filter(msgspec.Struct, frozen=True):
    """One field's filter: the value must be one of ``alternatives``, or match one.

    An alternative is a value of the field's type, None for a field without a value, or a `Glob`. Of a field that holds
    several values one must fit.
    """

    field: str
    alternatives: tuple[object, ...]

    def matches(self, value: object) -> bool:
        """Whether a field's value fits; of a tuple, a field of several values, whether one of them does."""
        if isinstance(value, tuple):
            return any(self.matches(item) for item in value)
        return any(
            wanted.matches(value) if isinstance(wanted, Glob) else wanted == value for wanted in self.alternatives
        )


class Query(msgspec.Struct, Generic[R], frozen=True):
    """What a driver is asked for.

    | kind: the kind of objects
    | fields: the fields to load: those asked for and those filtered on; all of them are among the declared ones
    | filters: what the objects must fit; a driver may use them to send less, core checks them again
    | native: native property names to bring along; True: all that the server has; () none
    | page_size: objects a page; None: the driver's choice
    | refs: only these objects; None: all of the kind
    | record_type: the type of the records to return: `build` makes one from values by name, or call it by position
      (``record_type.__struct_fields__`` has the order; what is not loaded is None)
    """

    kind: type[R]
    record_type: type[R]
    fields: frozenset[str]
    filters: tuple[Filter, ...] = ()
    native: bool | tuple[str, ...] = ()
    page_size: int | None = None
    refs: tuple[Ref, ...] | None = None

    def filter_refs(self) -> Iterator[Ref]:
        """The refs that the filters name."""
        return (value for each in self.filters for value in each.alternatives if isinstance(value, Ref))

    def matches(self, record: R) -> bool:
        """Whether a record fits every filter."""
        return all(each.matches(getattr(record, each.field)) for each in self.filters)

    def pick_native(self, properties: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The native properties of an object that ``native`` asks for; None if it asks for nothing.

        Raises `InvalidQuery` for a name that is not among them.
        """
        if isinstance(self.native, bool):
            return properties if self.native else None
        for name in self.native:
            if name not in properties:
                raise InvalidQuery(
                    f"{self.kind.kind}: the server has no property {name!r}", hint=_properties(properties)
                )
        return {name: properties[name] for name in self.native} or None

    def build(self, ref: Ref, values: Mapping[str, Any]) -> R:
        """A record from values by field name; what is missing is None."""
        return build(self.record_type, ref, values)


class Request(msgspec.Struct, Generic[R], frozen=True):
    """A caller's query whose values can be, before it is known what the server's driver has.

    | fields: the fields asked for; None: all that the driver has
    """

    kind: type[R]
    fields: frozenset[str] | None
    filters: tuple[Filter, ...]
    native: bool | tuple[str, ...]
    page_size: int | None
    refs: tuple[Ref, ...] | None

    def query(self, declared: frozenset[str], also: str | None = None) -> Query[R]:
        """The query in terms of what a driver has ``declared``. ``also``: a field to load beside those asked for.

        Raises `Unsupported` for a field that the driver lacks.
        """
        asked = declared if self.fields is None else self.fields
        needed = asked.union([also] if also else [], (each.field for each in self.filters))
        for name in needed:
            check_field(self.kind, name, declared)
        loaded = needed | {"native"} if self.native else needed
        return Query(
            kind=self.kind,
            record_type=projection(self.kind, loaded, declared),
            fields=needed,
            filters=self.filters,
            native=self.native,
            page_size=self.page_size,
            refs=self.refs,
        )


def read_request(
    kind: type[R],
    *,
    fields: Iterable[str] | None = None,
    native: bool | Iterable[str] = (),
    page_size: int | None = None,
    refs: Iterable[Ref] | None = None,
    filters: Mapping[str, object] | None = None,
) -> Request[R]:
    """A caller's arguments. Raises `InvalidQuery` for a field, value or page size that can't be on any driver."""
    if page_size is not None and (isinstance(page_size, bool) or not isinstance(page_size, int) or page_size < 1):
        raise InvalidQuery(f"page_size is a number from 1, not {page_size!r}")
    everything = frozenset(kind.all_fields())
    asked = None if fields is None else frozenset(as_names("fields", fields)) - {"ref"}
    for name in asked or ():
        check_field(kind, name, everything)
    return Request(
        kind=kind,
        fields=asked,
        filters=tuple(
            Filter(name, _alternatives(kind, name, value, everything)) for name, value in (filters or {}).items()
        ),
        native=native if isinstance(native, bool) else as_names("native", native),
        page_size=page_size,
        refs=None if refs is None else tuple(refs),
    )


def make_query(kind: type[R], declared: frozenset[str], *, also: str | None = None, **given: Any) -> Query[R]:
    """`read_request` and `Request.query` in one."""
    return read_request(kind, **given).query(declared, also)


def as_names(option: str, given: object) -> tuple[str, ...]:
    """The names that a list of them holds."""
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise InvalidQuery(f"{option}= takes a list of names, not {given!r}")
    names = tuple(given)
    for name in names:
        if not isinstance(name, str):
            raise InvalidQuery(f"{option}= takes a list of names, and {name!r} is none")
        text(option, name)
    return names


def check_field(kind: type[Resource], name: str, declared: frozenset[str]) -> None:
    """Raise `InvalidQuery` if the kind has no such field, `Unsupported` if the driver does not fill it."""
    if name in declared:
        return
    if name in kind.all_fields():
        raise Unsupported(f"{kind.kind}.{name}: this server's driver does not have this field", hint=_known(declared))
    raise InvalidQuery(f"{kind.kind} has no field {name!r}", hint=_known(declared))


def _properties(names: Iterable[str]) -> str:
    return "properties: " + " ".join(sorted(names))


def _known(names: Iterable[str]) -> str:
    return "fields: " + " ".join(sorted(names))


def _alternatives(kind: type[Resource], name: str, value: object, declared: frozenset[str]) -> tuple[object, ...]:
    check_field(kind, name, declared)
    single = isinstance(value, (str, bytes, Mapping, Glob)) or not isinstance(value, Iterable)
    values = [_plain(each) for each in ([value] if single else value)]  # type: ignore[attr-defined]
    for each in values:
        _check_value(kind, name, each)
    return tuple(values)


def _plain(value: object) -> object:
    """A ref bound to no provider, which a query must not keep; of a record its ref, of a uuid its text."""
    if isinstance(value, Resource):
        value = value.ref
    if isinstance(value, Ref):
        return Ref(checked(value).provider_uuid, value.kind, value.id)
    return str(value) if isinstance(value, UUID) else value


def _check_value(kind: type[Resource], name: str, value: object) -> None:
    """Raise `InvalidQuery` for a value that the field can never have: it must not look as if nothing matched."""
    choices, types = _possible(kind, name)
    check_kind(name, value)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise InvalidQuery(f"{kind.kind}.{name} is a moment in a time zone, not {value!r}", hint="datetime.now(UTC)")
    if isinstance(value, str):
        text(f"{kind.kind}.{name}", value)
    if isinstance(value, Glob) and str in types:
        return
    if choices and value not in choices:
        raise InvalidQuery(f"{kind.kind}.{name} is never {value!r}", hint="values: " + " ".join(choices))
    fits = value is None or (isinstance(value, types) and (type(value) is bool) is (bool in types))
    if not fits:
        wanted = " or ".join(sorted(each.__name__ for each in types))
        raise InvalidQuery(f"{kind.kind}.{name} is {wanted}, not {value!r}")


@lru_cache(maxsize=256)
def _possible(kind: type[Resource], name: str) -> tuple[tuple[str, ...], tuple[type, ...]]:
    """The words that a field is limited to, if it is, and the types that one of its values can have."""
    declared = field_types(kind)[name]
    if get_origin(declared) is Literal:
        return get_args(declared), (str,)
    parts = get_args(declared) or (declared,)
    return (), tuple({part for part in parts if isinstance(part, type) and part is not NoneType})
