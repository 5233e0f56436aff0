"""Adapter: one kind of a session."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar, Generic, TypeVar, cast

import msgspec

from hvlib.driver.listing import Listing
from hvlib.model.actions import Action
from hvlib.model.errors import Unsupported
from hvlib.model.page import PageToken
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["REFS_PER_CALL", "Adapter", "Done", "Started", "action", "in_calls"]

REFS_PER_CALL = 500
"""The number of objects that an adapter is asked for at a time, at most."""

R = TypeVar("R", bound=Resource)
A = TypeVar("A", bound=Action)


class Started(msgspec.Struct, frozen=True):
    """The server runs the action as a task: core follows it as the kind Task."""

    task: Ref


class Done(msgspec.Struct, frozen=True):
    """The action is over. ``result``: the object to read for the caller; None if there is none."""

    result: Ref | None = None


class Adapter(ABC, Generic[R]):
    """One kind of a session. Its calls block; they never retry, sleep or cache."""

    kind: ClassVar[type[Resource]]
    fields: frozenset[str]
    """The fields that this server's records are filled with, ``ref`` and ``native`` aside."""

    _performers: ClassVar[Mapping[type[Action], str]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        marked = {getattr(value, "performs", None): name for name, value in vars(cls).items()}
        marked.pop(None, None)
        cls._performers = {**cls._performers, **cast("dict[type[Action], str]", marked)}

    @property
    def actions(self) -> frozenset[type[Action]]:
        """The actions that `submit` takes: those that have a method marked with `action`."""
        return frozenset(self._performers)

    @abstractmethod
    def open(self, query: Query[R], after: PageToken | None) -> Listing[R]:
        """A listing of the kind, from a `Listing.token` of another one on. Sends nothing.

        Objects that live through a listing appear in it once. A token that can't be continued raises `CursorLost`, here
        or with the first page.
        """

    @abstractmethod
    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """The objects whose ``field`` (``uuid`` or ``name_label``) is exactly ``value``; [] if none."""

    @abstractmethod
    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """Those of ``refs`` that exist, in one round trip. There is at least one, and at most `REFS_PER_CALL`."""

    def submit(self, ref: Ref | None, action: Action) -> Started | Done:
        """Ask for an action on one object. ``ref`` is None for a `hvlib.actions.Create`, and for no other: core sees
        to it.
        """
        name = self._performers.get(type(action))
        if name is None:
            raise Unsupported(f"{self.kind.kind} has no action {action.name!r} here")
        perform: Callable[[Ref | None, Action], Started | Done] = getattr(self, name)
        return perform(ref, action)


def in_calls(refs: Sequence[Ref]) -> Iterator[Sequence[Ref]]:
    """The refs in parts, each as many as an adapter is asked for at a time."""
    for start in range(0, len(refs), REFS_PER_CALL):
        yield refs[start : start + REFS_PER_CALL]


def action(requested: type[A]) -> Callable[[Callable[..., Started | Done]], Callable[..., Started | Done]]:
    """Mark an adapter's method as what carries out one action: ``method(self, ref, action)``."""

    def mark(method: Callable[..., Started | Done]) -> Callable[..., Started | Done]:
        method.performs = requested  # type: ignore[attr-defined]
        return method

    return mark
