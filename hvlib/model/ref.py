"""Ref: the identifier of one object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, overload

import msgspec

from hvlib.model.arguments import can_be_sent
from hvlib.model.binding import BoundProvider
from hvlib.model.errors import InvalidQuery

__all__ = ["KINDS_OF_REFS", "Ref", "as_ref", "as_refs", "check_kind", "checked", "must_be_ref"]

KINDS_OF_REFS: Mapping[str, tuple[str, ...]] = {
    "cluster": ("Cluster",),
    "flavor": ("Flavor",),
    "host": ("Host",),
    "hosts": ("Host",),
    "image": ("Image", "Snapshot"),
    "keep_volumes": ("Volume",),
    "network": ("Network",),
    "networks": ("Network",),
    "parent": ("Snapshot",),
    "pool": ("StoragePool",),
    "snapshot": ("Snapshot",),
    "vm": ("VM", "Image"),
    "vms": ("VM", "Image", "Snapshot"),
    "volume": ("Volume",),
    "volumes": ("Volume",),
}
"""For the name of a record's field or of an action's option: the kinds of its refs, the usual kind first. A field or
option with another name can hold refs of any kind."""


def checked(ref: Ref) -> Ref:
    """The ref itself. Raises `InvalidQuery` unless each of its parts is text that is not empty and can be sent."""
    for part in (ref.provider_uuid, ref.kind, ref.id):
        if not isinstance(part, str) or not part or not can_be_sent(part):
            raise InvalidQuery(f"each part of a ref must be text that UTF-8 can encode, not {part!r}")
    return ref


def check_kind(name: str, value: object) -> None:
    """Raise `InvalidQuery` for a ref of a kind that a field or option of this name never holds."""
    kinds = KINDS_OF_REFS.get(name)
    if isinstance(value, Ref) and kinds is not None and value.kind not in kinds:
        raise InvalidQuery(f"{name} must be the ref of a {' or a '.join(kinds)}, not {value}")


class Ref(msgspec.Struct, frozen=True, eq=False, gc=False):
    """The identifier of one object: its provider's uuid, its kind, and the server's own identifier.

    A ref can be hashed. `Ref.parse` reads the text of ``str(ref)``, so a ref can be stored in a file. A ref that came
    from a provider is bound to that provider; comparison ignores this.

    >>> ref = Ref.parse("1b9c2f10-0000-4000-8000-000000000001/VM/vm-12")
    >>> ref.kind, ref.id
    ('VM', 'vm-12')
    >>> str(ref)
    '1b9c2f10-0000-4000-8000-000000000001/VM/vm-12'
    """

    provider_uuid: str
    kind: str
    id: str
    bound: Any = None

    @classmethod
    def parse(cls, text: str) -> Ref:
        """Read the text of ``str(ref)``. The ref is not bound to a provider. Raises `InvalidQuery` for other text."""
        parts = text.split("/", 2) if isinstance(text, str) else []
        if len(parts) != 3 or not all(parts) or not can_be_sent(text):
            raise InvalidQuery(f"not a ref: {text!r}", hint="a ref reads PROVIDER-UUID/KIND/ID")
        return cls(*parts)

    @property
    def provider(self) -> BoundProvider:
        """The provider that this ref is bound to. Raises `InvalidQuery` if it is not bound."""
        if self.bound is None:
            raise InvalidQuery(f"{self} is not bound to a provider", hint="use provider.get_many([ref])")
        provider: BoundProvider = self.bound
        return provider

    def get(self) -> Any:
        """Read the object with all its fields: one round trip. Raises `NotFound` if it is gone."""
        return self.provider.collection(self.kind).get(self)

    def __str__(self) -> str:
        return f"{self.provider_uuid}/{self.kind}/{self.id}"

    def __repr__(self) -> str:
        return f"<Ref {self}>"

    def __hash__(self) -> int:
        return hash((self.id, self.kind, self.provider_uuid))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ref):
            return NotImplemented
        return self.id == other.id and self.kind == other.kind and self.provider_uuid == other.provider_uuid

    def __ne__(self, other: object) -> bool:
        # With eq=False, msgspec's own __ne__ would compare identities.
        return not self == other

    def __lt__(self, other: Ref) -> bool:
        return str(self) < str(other)


class HasRef(Protocol):
    """A record, or anything else with a ref."""

    @property
    def ref(self) -> Ref: ...


@overload
def as_ref(target: Ref | HasRef) -> Ref: ...
@overload
def as_ref(target: Ref | HasRef | None) -> Ref | None: ...
def as_ref(target: Ref | HasRef | None) -> Ref | None:
    """The ref of a ref or a record; None for None. Raises `InvalidQuery` for anything else."""
    if target is None:
        return None
    ref = target if isinstance(target, Ref) else getattr(target, "ref", None)
    if isinstance(ref, Ref):
        return checked(ref)
    raise InvalidQuery(f"not a ref or a resource: {target!r}", hint="Ref.parse(...) reads a ref's text")


def as_refs(targets: Iterable[Ref | HasRef]) -> tuple[Ref, ...]:
    """The refs of several refs or records. Raises `InvalidQuery` for anything but a list of these."""
    if isinstance(targets, (str, bytes, Ref)) or not isinstance(targets, Iterable):
        raise InvalidQuery(f"not a list of refs or resources: {targets!r}")
    return tuple(must_be_ref(target) for target in targets)


def must_be_ref(target: Ref | HasRef) -> Ref:
    """The ref of a ref or a record. Raises `InvalidQuery` for anything else, also for None."""
    ref = as_ref(target)
    if ref is None:
        raise InvalidQuery("not a ref or a resource: None")
    return ref
