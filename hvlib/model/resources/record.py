"""Record types that hold some of a kind's fields.

A projection is a subclass of the kind in which the fields that were not loaded are descriptors that raise. It is built
once for a set of fields, and its records are built by position. So a record is as fast as a plain structure, and a
field that was not loaded can't be mistaken for an empty one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, ClassVar, Self, TypeVar, cast, get_type_hints

import msgspec

from hvlib.model.errors import FieldNotLoaded, HvlibError, InvalidQuery, ProtocolError, Unsupported
from hvlib.model.ref import Ref

__all__ = ["Record", "build", "field_types", "projection", "read_record"]


class Record(msgspec.Struct, frozen=True):
    """Some or all fields of one object: the base of `Resource`, with the parts that projections need."""

    ref: Ref

    kind: ClassVar[str] = ""
    """The kind's name in refs: ``VM``."""

    loaded: ClassVar[frozenset[str]] = frozenset()
    """The fields that this record holds."""

    @classmethod
    def all_fields(cls) -> tuple[str, ...]:
        """All fields that records of this kind can have, in order, without ``ref`` and ``native``."""
        return tuple(name for name in cls.__struct_fields__ if name not in BASE)


BASE = ("ref", "native")

R = TypeVar("R", bound=Record)


class NotLoaded:
    """The descriptor of a field that a record does not hold: reading it raises."""

    __slots__ = ("error", "hint", "message")

    def __init__(self, message: str, hint: str, error: type[HvlibError] = FieldNotLoaded) -> None:
        self.message = message
        self.hint = hint
        self.error = error

    def __get__(self, record: Record | None, owner: type[Record]) -> Self:
        if record is None:
            return self
        error = self.error(self.message, hint=self.hint)
        error.provider = record.ref.bound
        raise error


@lru_cache(maxsize=1024)
def projection(kind: type[R], loaded: frozenset[str], declared: frozenset[str]) -> type[R]:
    """The record type of ``kind`` that holds ``ref`` and the fields ``loaded``.

    Reading another field raises `FieldNotLoaded`, or `Unsupported` if the field is not in ``declared``, the fields that
    the driver has. ``native`` counts as a field here.
    """
    namespace: dict[str, object] = {
        name: _absent(kind, name, declared) for name in kind.__struct_fields__ if name != "ref" and name not in loaded
    }
    namespace.update(__module__=kind.__module__, __qualname__=kind.__qualname__, loaded=loaded, __doc__=kind.__doc__)
    metaclass = cast(Any, type(kind))
    return cast(type[R], metaclass(kind.__name__, (kind,), namespace, frozen=True))


def _absent(kind: type[Record], name: str, declared: frozenset[str]) -> NotLoaded:
    if name == "native":
        return NotLoaded(
            f"{kind.kind}.native was not asked for", "ask for it: native=True, or a list of property names"
        )
    if name in declared:
        return NotLoaded(
            f"{kind.kind}.{name} was not loaded", f"ask for it in fields=[..., {name!r}], or call refresh()"
        )
    return NotLoaded(
        f"{kind.kind}.{name}: this server's driver does not have this field", "see collection.fields", Unsupported
    )


def build(record_type: type[R], ref: Ref, values: Mapping[str, Any]) -> R:
    """Make a record of ``record_type`` from values by field name; a missing value becomes None."""
    names = record_type.__struct_fields__[1:]
    construct: Callable[..., R] = record_type
    return construct(ref, *[values.get(name) for name in names])


@lru_cache(maxsize=64)
def field_types(kind: type[Record]) -> dict[str, Any]:
    """The declared type of each field of a kind."""
    return get_type_hints(kind)


def read_record(kind: type[R], data: Mapping[str, Any], provider: object | None) -> R:
    """`Resource.from_dict`."""
    types = field_types(kind)

    def bound_ref(text: str) -> Ref:
        ref = Ref.parse(text)
        return ref if provider is None else Ref(ref.provider_uuid, ref.kind, ref.id, provider)

    def convert(name: str, value: object) -> object:
        wanted = types[name]
        if wanted in (Ref, Ref | None):
            return None if value is None else bound_ref(str(value))
        if wanted == tuple[Ref, ...]:
            return tuple(bound_ref(str(item)) for item in cast("list[object]", value))
        return cast(object, msgspec.convert(value, wanted))

    if not isinstance(data, Mapping):
        raise ProtocolError(f"not a {kind.kind} record: {data!r}")
    try:
        values = {name: convert(name, value) for name, value in data.items()}
        ref = values.pop("ref")
    except (KeyError, TypeError, InvalidQuery, msgspec.ValidationError) as error:
        raise ProtocolError(f"not a {kind.kind} record: {error}") from error
    if not isinstance(ref, Ref) or ref.kind != kind.kind:
        raise ProtocolError(f"not a {kind.kind} record: its ref is {ref}")
    loaded = frozenset(values)
    record_type: type[R] = projection(kind, loaded, frozenset(kind.all_fields()))
    return build(record_type, ref, values)
