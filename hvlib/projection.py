"""Record types that hold some of a kind's fields.

A projection is a subclass of the kind whose other fields are descriptors that raise. It is built once for a set of
fields, and its records are built by position: as fast as a plain structure, and a field that was not asked for can't be
mistaken for one that is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_type_hints

import msgspec

from hvlib.errors import ProtocolError, Unsupported
from hvlib.ref import Ref
from hvlib.resources.resource import NotLoaded, Resource

if TYPE_CHECKING:
    from hvlib.provider import Provider

__all__ = ["build", "field_types", "merge", "projection", "read_record"]

R = TypeVar("R", bound=Resource)


@lru_cache(maxsize=1024)
def projection(kind: type[R], loaded: frozenset[str], declared: frozenset[str]) -> type[R]:
    """The record type of ``kind`` that holds ``ref`` and the fields ``loaded``.

    Reading another field raises `FieldNotLoaded`, or `Unsupported` if it is not even among ``declared``, what the
    driver has. ``native`` counts as a field here.
    """
    namespace: dict[str, object] = {
        name: _absent(kind, name, declared) for name in kind.__struct_fields__ if name != "ref" and name not in loaded
    }
    namespace.update(__module__=kind.__module__, __qualname__=kind.__qualname__, loaded=loaded, __doc__=kind.__doc__)
    metaclass = cast(Any, type(kind))
    return cast(type[R], metaclass(kind.__name__, (kind,), namespace, frozen=True))


def _absent(kind: type[Resource], name: str, declared: frozenset[str]) -> NotLoaded:
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
    """A record of ``record_type`` out of values by name; what is missing is None."""
    names = record_type.__struct_fields__[1:]
    construct: Callable[..., R] = record_type
    return construct(ref, *[values.get(name) for name in names])


def merge(old: R, new: R) -> R:
    """``old`` with the fields that ``new`` holds."""
    values = {name: getattr(new if name in new.loaded else old, name) for name in old.loaded}
    return build(type(old), old.ref, values)


@lru_cache(maxsize=64)
def field_types(kind: type[Resource]) -> dict[str, Any]:
    """The declared type of each field of a kind."""
    return get_type_hints(kind)


def read_record(kind: type[R], data: Mapping[str, Any], provider: Provider | None) -> R:
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

    try:
        values = {name: convert(name, value) for name, value in data.items()}
        ref = cast(Ref, values.pop("ref"))
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise ProtocolError(f"not a {kind.kind} record: {error}") from error
    loaded = frozenset(values)
    record_type: type[R] = projection(kind, loaded, frozenset(kind.all_fields()))
    return build(record_type, ref, values)
