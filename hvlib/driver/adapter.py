"""Adapter: one kind of a session."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from hvlib.driver.listing import Listing
from hvlib.driver.outcome import Outcome
from hvlib.driver.performer import Performer
from hvlib.driver.stepping import Steps
from hvlib.model.actions import Action
from hvlib.model.errors import Unsupported
from hvlib.model.page import PageToken
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["REFS_PER_CALL", "Adapter", "in_calls"]

REFS_PER_CALL = 500
"""The number of objects that an adapter is asked for at a time, at most."""

R = TypeVar("R", bound=Resource)


class Adapter(ABC, Generic[R]):
    """One kind of a session. Its calls block; they never retry, sleep or cache."""

    kind: ClassVar[type[Resource]]
    fields: frozenset[str]
    """The fields that this server's records are filled with, ``ref`` and ``native`` aside."""

    performers: Mapping[type[Action], Performer] = {}
    """How each action is carried out: by the methods that are marked with `action` or `steps`."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        marked = [value.performs for value in vars(cls).values() if hasattr(value, "performs")]
        cls.performers = {**cls.performers, **dict(marked)}

    @property
    def actions(self) -> frozenset[type[Action]]:
        """The actions that this server takes."""
        return frozenset(self.performers)

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

    def submit(self, ref: Ref | None, action: Action) -> Outcome:
        """Ask for an action on one object, by the method marked with `action`.

        ``ref`` is None for a `hvlib.actions.Create`, and for no other: core sees to it.
        """
        outcome: Outcome = self._method(action)(ref, action)
        return outcome

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        """Carry out an action by the method marked with `steps`. Returns the ref of its result."""
        result: Ref | None = self._method(action)(ref, action, steps)
        return result

    def _method(self, action: Action) -> Callable[..., Any]:
        performer = self.performers.get(type(action))
        if performer is None:
            raise Unsupported(f"{self.kind.kind} has no action {action.name!r} here")
        method: Callable[..., Any] = getattr(self, performer.method)
        return method


def in_calls(refs: Sequence[Ref]) -> Iterator[Sequence[Ref]]:
    """The refs in parts, each as many as an adapter is asked for at a time."""
    for start in range(0, len(refs), REFS_PER_CALL):
        yield refs[start : start + REFS_PER_CALL]
