"""Adapter: gives access to the objects of one kind through a session."""

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
"""The largest number of refs that core passes to one `Adapter.get`."""

R = TypeVar("R", bound=Resource)


class Adapter(ABC, Generic[R]):
    """Access to the objects of one kind through a session. Its calls block; they never retry, sleep or cache."""

    kind: ClassVar[type[Resource]]
    fields: frozenset[str]
    """The fields that this server can fill, without ``ref`` and ``native``."""

    performers: Mapping[type[Action], Performer] = {}
    """How each action is carried out, collected from the methods that are marked with `action` or `steps`."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        marked = [value.performs for value in vars(cls).values() if hasattr(value, "performs")]
        cls.performers = {**cls.performers, **dict(marked)}

    @property
    def actions(self) -> frozenset[type[Action]]:
        """The actions that this server supports."""
        return frozenset(self.performers)

    @abstractmethod
    def open(self, query: Query[R], after: PageToken | None) -> Listing[R]:
        """A listing of the kind, from its start or from another listing's `Listing.token`. Sends nothing.

        Objects that exist during the whole listing appear in it once. A token that can't be continued raises
        `CursorLost`, here or with the first page.
        """

    @abstractmethod
    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """The objects whose ``field`` (``uuid`` or ``name_label``) is exactly ``value``; [] if none."""

    @abstractmethod
    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """The objects of ``refs`` that exist, in one round trip. ``refs`` has 1 to `REFS_PER_CALL` items."""

    def submit(self, ref: Ref | None, action: Action) -> Outcome:
        """Ask the server for an action on one object, by the method marked with `action`.

        ``ref`` is None for a `hvlib.actions.Create`, and for no other action: core checks this.
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
    """The refs in parts of at most `REFS_PER_CALL`."""
    for start in range(0, len(refs), REFS_PER_CALL):
        yield refs[start : start + REFS_PER_CALL]
