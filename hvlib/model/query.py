"""Queries: which fields of which objects.

A filter is a value, a list of values (any of them), `glob`, or a Ref. On a field that holds several values, it matches
if any of these values matches. Servers filter where they can; core checks the returned records once more, with
`Query.matches`, so a filter means the same on every driver.
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
"""Names of options that calls take beside filters: no field may have one of these names."""


class Glob(msgspec.Struct, frozen=True):
    """A pattern for text: ``*``, ``?`` and ``[abc]``, case-sensitive, over the whole value."""

    pattern: str

    def matches(self, value: object) -> bool:
        """Whether a value is text that matches the pattern."""
        return isinstance(value, str) and fnmatchcase(value, self.pattern)


def glob(pattern: str) -> Glob:
    """A filter by pattern: ``*`` any text, ``?`` any character, ``[abc]`` one of these characters; case-sensitive.

    >>> glob("web-*").matches("web-12"), glob("web-*").matches("Web-12")
    (True, False)
    """
    if not isinstance(pattern, str):
        raise InvalidQuery(f"a pattern must be text, not {pattern!r}")
    return Glob(text("a pattern", pattern))


class Filter(msgspec.Struct, frozen=True):
    """The filter of one field: the field's value must equal or match one of ``alternatives``.

    An alternative is a value of the field's type, None for a field without a value, or a `Glob`. If the field holds
    several values, one of them must match.
    """

    field: str
    alternatives: tuple[object, ...]

    def matches(self, value: object) -> bool:
        """Whether a field's value matches. A tuple is a field with several values: one of them must match."""
        if isinstance(value, tuple):
            return any(self.matches(item) for item in value)
        return any(
            wanted.matches(value) if isinstance(wanted, Glob) else wanted == value for wanted in self.alternatives
        )


class Query(msgspec.Struct, Generic[R], frozen=True):
    """A query for objects of one kind, as a driver gets it.

    | kind: the kind of objects
    | fields: the fields to load: the requested ones and those of the filters; the driver declares all of them
    | filters: the filters that the objects must match; a driver may use them to transfer less, core checks them again
    | native: the names of native properties to load too; True: all that the server has; (): none
    | page_size: objects per page; None: the driver's choice
    | refs: only these objects; None: all of the kind
    | record_type: the type of the records to return. Make a record with `build`, from values by field name; or call the
      type with the values in the order of its ``__struct_fields__``, None for a field that is not loaded
    """

    kind: type[R]
    record_type: type[R]
    fields: frozenset[str]
    filters: tuple[Filter, ...] = ()
    native: bool | tuple[str, ...] = ()
    page_size: int | None = None
    refs: tuple[Ref, ...] | None = None

    def filter_refs(self) -> Iterator[Ref]:
        """All refs in the filters."""
        return (value for each in self.filters for value in each.alternatives if isinstance(value, Ref))

    def matches(self, record: R) -> bool:
        """Whether a record matches every filter."""
        return all(each.matches(getattr(record, each.field)) for each in self.filters)

    def pick_native(self, properties: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The ``properties`` of an object that ``native`` selects; None if it selects none.

        Raises `InvalidQuery` for a name that is not in ``properties``.
        """
        if isinstance(self.native, bool):
            return properties if self.native else None
        for name in self.native:
            if name not in properties:
                raise InvalidQuery(
                    f"{self.kind.kind}: the server has no property {name!r}", hint=_properties_hint(properties)
                )
        return {name: properties[name] for name in self.native} or None

    def build(self, ref: Ref, values: Mapping[str, Any]) -> R:
        """Make a record from values by field name; a missing value becomes None."""
        return build(self.record_type, ref, values)


class Request(msgspec.Struct, Generic[R], frozen=True):
    """A caller's query, checked as far as it can be before the fields of the server's driver are known.

    | fields: the requested fields; None: all that the driver has
    """

    kind: type[R]
    fields: frozenset[str] | None
    filters: tuple[Filter, ...]
    native: bool | tuple[str, ...]
    page_size: int | None
    refs: tuple[Ref, ...] | None

    def query(self, declared: frozenset[str], also: str | None = None) -> Query[R]:
        """The query for a driver whose fields are ``declared``. ``also``: one more field to load.

        Raises `Unsupported` for a field that the driver lacks.
        """
        requested = declared if self.fields is None else self.fields
        needed = requested.union([also] if also else [], (each.field for each in self.filters))
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
    """Check a caller's arguments. Raises `InvalidQuery` for a field, value or page size that no driver takes."""
    if page_size is not None and (isinstance(page_size, bool) or not isinstance(page_size, int) or page_size < 1):
        raise InvalidQuery(f"page_size must be a whole number, 1 or more, not {page_size!r}")
    all_fields = frozenset(kind.all_fields())
    requested = None if fields is None else frozenset(as_names("fields", fields)) - {"ref"}
    for name in requested or ():
        check_field(kind, name, all_fields)
    return Request(
        kind=kind,
        fields=requested,
        filters=tuple(
            Filter(name, _alternatives(kind, name, value, all_fields)) for name, value in (filters or {}).items()
        ),
        native=native if isinstance(native, bool) else as_names("native", native),
        page_size=page_size,
        refs=None if refs is None else tuple(refs),
    )


def make_query(kind: type[R], declared: frozenset[str], *, also: str | None = None, **given: Any) -> Query[R]:
    """`read_request` and `Request.query` in one."""
    return read_request(kind, **given).query(declared, also)


def as_names(option: str, given: object) -> tuple[str, ...]:
    """The names in a list of names. Raises `InvalidQuery` for anything else."""
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise InvalidQuery(f"{option}= takes a list of names, not {given!r}")
    names = tuple(given)
    for name in names:
        if not isinstance(name, str):
            raise InvalidQuery(f"{option}= takes a list of names, and {name!r} is not text")
        text(option, name)
    return names


def check_field(kind: type[Resource], name: str, declared: frozenset[str]) -> None:
    """Raise `InvalidQuery` if the kind has no such field, `Unsupported` if the driver does not fill it."""
    if name in declared:
        return
    if name in kind.all_fields():
        raise Unsupported(
            f"{kind.kind}.{name}: this server's driver does not have this field", hint=_fields_hint(declared)
        )
    raise InvalidQuery(f"{kind.kind} has no field {name!r}", hint=_fields_hint(declared))


def _properties_hint(names: Iterable[str]) -> str:
    return "properties: " + " ".join(sorted(names))


def _fields_hint(names: Iterable[str]) -> str:
    return "fields: " + " ".join(sorted(names))


def _alternatives(kind: type[Resource], name: str, value: object, all_fields: frozenset[str]) -> tuple[object, ...]:
    check_field(kind, name, all_fields)
    single = isinstance(value, (str, bytes, Mapping, Glob)) or not isinstance(value, Iterable)
    values = [_plain(each) for each in ([value] if single else value)]  # type: ignore[attr-defined]
    for each in values:
        _check_value(kind, name, each)
    return tuple(values)


def _plain(value: object) -> object:
    """The value as a query holds it: a record becomes its ref, a uuid becomes text.

    A ref becomes one that is bound to no provider, because a query must not keep the provider alive.
    """
    if isinstance(value, Resource):
        value = value.ref
    if isinstance(value, Ref):
        return Ref(checked(value).provider_uuid, value.kind, value.id)
    return str(value) if isinstance(value, UUID) else value


def _check_value(kind: type[Resource], name: str, value: object) -> None:
    """Raise `InvalidQuery` for a value that the field can never have, rather than let the query match nothing."""
    choices, types = _possible(kind, name)
    check_kind(name, value)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise InvalidQuery(
            f"{kind.kind}.{name} must be a datetime with a time zone, not {value!r}", hint="like datetime.now(UTC)"
        )
    if isinstance(value, str):
        text(f"{kind.kind}.{name}", value)
    if isinstance(value, Glob) and str in types:
        return
    if choices and value not in choices:
        raise InvalidQuery(f"{kind.kind}.{name} can't be {value!r}", hint="values: " + " ".join(choices))
    fits = value is None or (isinstance(value, types) and (type(value) is bool) is (bool in types))
    if not fits:
        wanted = " or ".join(sorted(each.__name__ for each in types))
        raise InvalidQuery(f"{kind.kind}.{name} must be {wanted}, not {value!r}")


@lru_cache(maxsize=256)
def _possible(kind: type[Resource], name: str) -> tuple[tuple[str, ...], tuple[type, ...]]:
    """The permitted texts of a field of fixed choices, () for any other field; and the types of a single value."""
    declared = field_types(kind)[name]
    if get_origin(declared) is Literal:
        return get_args(declared), (str,)
    parts = get_args(declared) or (declared,)
    return (), tuple({part for part in parts if isinstance(part, type) and part is not NoneType})
