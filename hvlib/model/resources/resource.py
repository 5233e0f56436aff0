"""Resource: what records of every kind have in common."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self, TypeVar, cast

import msgspec

from hvlib.model.actions import Action
from hvlib.model.binding import BoundCollection, BoundProvider
from hvlib.model.errors import InvalidQuery, ProtocolError
from hvlib.model.ref import Ref
from hvlib.model.resources.record import Record, read_record
from hvlib.model.task import Task

__all__ = ["Resource"]

T = TypeVar("T")


class Resource(Record, frozen=True):
    """One object of a server at one moment, bound to its provider.

    | ref: the object's name for hvlib; always loaded
    | uuid: the server's own, or derived from its identifier where it has none (UUIDv5)
    | name_label: the name that people gave it; names repeat
    | description: free text; None where there is none
    | tags: labels, sorted
    | created_at: UTC; None where the server does not know
    | native: the server's own properties that were asked for with ``native=``

    Reading a field that was not loaded raises `FieldNotLoaded`; one that this driver does not have, `Unsupported`.
    """

    uuid: str
    name_label: str
    description: str | None
    tags: tuple[str, ...]
    created_at: datetime | None
    native: Mapping[str, Any]

    @property
    def provider(self) -> Any:
        """The `hvlib.Provider` that this record came from."""
        return self.ref.provider

    @property
    def _collection(self) -> BoundCollection:
        provider: BoundProvider = self.provider
        return provider.collection(self.ref.kind)

    def refresh(self) -> Self:
        """The object read again, with all its fields: one round trip. Raises `NotFound` if it is gone."""
        return cast(Self, self._collection.get(self.ref))

    def wait_for(self, *, timeout: float = 300.0, **fields: object) -> Self:
        """Wait until the object's fields have these values (as in a filter); returns it as it then is.

        Follows the server's events where it has them. Raises `WaitTimeout` after ``timeout`` seconds, `NotFound` if the
        object goes away.
        """
        return cast(Self, self._collection.wait_for(self.ref, timeout=timeout, **fields))

    def do(self, action: Action, *, dry_run: bool = False) -> Task[Any]:
        """Submit an action: one round trip. With ``dry_run`` it is checked, not sent: the Task only describes it.

        Raises `Unsupported`, before anything is sent, where the server has no such action.
        """
        return cast("Task[Any]", self._collection.do(self.ref, action, dry_run=dry_run, label=self._label()))

    def extract(self, struct: type[T]) -> T:
        """The native properties, read into the caller's own msgspec structure (fields renamed as that declares).

        Raises `FieldNotLoaded` without ``native=`` in the query, `ProtocolError` where they do not fit the structure.
        """
        try:
            return msgspec.convert(dict(self.native), struct, strict=False)
        except msgspec.ValidationError as error:
            raise ProtocolError(f"{self!r}: the native properties do not fit {struct.__name__}: {error}") from error
        except TypeError as error:
            raise InvalidQuery(f"extract() takes a structure, not {struct!r}") from error

    def to_dict(self) -> dict[str, Any]:
        """The loaded fields as plain values (refs and dates as text): what `from_dict` reads, and JSON can hold."""
        names = [name for name in self.__struct_fields__ if name == "ref" or name in self.loaded]
        return {name: _plain(getattr(self, name)) for name in names}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, provider: object | None = None) -> Self:
        """The record that `to_dict` wrote, bound to ``provider`` if one is given. Raises `ProtocolError` if it is
        none.
        """
        return read_record(cls, data, provider)

    def _label(self) -> str:
        name = self.name_label if "name_label" in self.loaded else self.ref.id
        return f"{self.kind} {name}"

    def __repr__(self) -> str:
        shown = [name for name in ("name_label", "uuid", "power_state", "state") if name in self.loaded]
        values = "".join(f" {name}={getattr(self, name)!r}" for name in shown)
        return f"<{self.kind} {self.ref.id}{values}>"

    def __hash__(self) -> int:
        return hash(self.ref)


def _plain(value: object) -> Any:
    if isinstance(value, Ref):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return msgspec.to_builtins(value)
