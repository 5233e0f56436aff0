"""Resource: the base class of the records of every kind."""

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

    | ref: hvlib's identifier of the object; always loaded
    | uuid: the server's uuid of the object; where it has none, one that is derived from its identifier (UUIDv5)
    | name_label: the name that people gave the object; several objects may have the same name
    | description: free text; None where there is none
    | tags: labels, sorted
    | created_at: the time of its creation, in UTC; None where the server does not know it
    | native: the server's own properties that were requested with ``native=``

    Reading a field that was not loaded raises `FieldNotLoaded`. Reading a field that this driver does not have raises
    `Unsupported`.
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
        """Read the object again, with all its fields: one round trip. Raises `NotFound` if it is gone."""
        return cast(Self, self._collection.get(self.ref))

    def wait_for(self, *, timeout: float = 300.0, **fields: object) -> Self:
        """Wait until the object's fields have these values, given as in a filter. Returns the object as it is then.

        Follows the server's events where it has them. Raises `WaitTimeout` after ``timeout`` seconds, and `NotFound` if
        the object does not exist any more.
        """
        return cast(Self, self._collection.wait_for(self.ref, timeout=timeout, **fields))

    def do(self, action: Action, *, dry_run: bool = False) -> Task[Any]:
        """Submit an action: one round trip. With ``dry_run`` it is checked, but not sent: the task only describes it.

        Raises `Unsupported`, before anything is sent, where the server has no such action.
        """
        return cast("Task[Any]", self._collection.do(self.ref, action, dry_run=dry_run, label=self._label()))

    def extract(self, struct: type[T]) -> T:
        """The native properties as ``struct``, the caller's own msgspec structure; its ``rename`` names the properties.

        Raises `FieldNotLoaded` without ``native=`` in the query, `ProtocolError` if they do not fit the structure.
        """
        try:
            return msgspec.convert(dict(self.native), struct, strict=False)
        except msgspec.ValidationError as error:
            raise ProtocolError(f"{self!r}: the native properties do not fit {struct.__name__}: {error}") from error
        except TypeError as error:
            raise InvalidQuery(f"extract() takes a msgspec structure, not {struct!r}") from error

    def to_dict(self) -> dict[str, Any]:
        """The loaded fields as plain values, refs and dates as text. JSON can hold them, and `from_dict` reads them."""
        names = [name for name in self.__struct_fields__ if name == "ref" or name in self.loaded]
        return {name: _plain(getattr(self, name)) for name in names}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, provider: object | None = None) -> Self:
        """Read a dictionary of `to_dict`. The record is bound to ``provider``, if one is given.

        Raises `ProtocolError` for other data.
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
