"""Steps: an action that takes several requests to the server, as the code that carries it out sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from hvlib.driver.outcome import Outcome
from hvlib.model.ref import Ref

__all__ = ["Steps"]

T = TypeVar("T")


class Steps(Protocol):
    """Handed to a method that is marked with `hvlib.driver.steps`.

    A step that fails raises, and so does every step once the task is cancelled: with an exception that ``except
    HvlibError`` does not catch. Core then calls what was given as ``undo`` and to `afterwards`, last in first out, each
    although another one failed; these may take steps themselves. After success it calls what was given to `afterwards`.
    """

    def read(self, call: Callable[[], T]) -> T:
        """The result of a call that changes nothing. It is repeated as any read."""

    def call(self, call: Callable[[], T], *, undo: Callable[[T], object] | None = None) -> T:
        """The result of one changing request. It is sent again only where the server can't have acted on it.

        | undo: takes the result
        """

    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        """Send one changing request and follow what it begins to its end. Returns the object that it made.

        | undo: takes that object (None where there is none), also one that a failed or cancelled task made all the same
        """

    def until(
        self,
        ref: Ref,
        values: Mapping[str, object],
        *,
        fails: Mapping[str, object] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Wait until an object has these values, by field. Raises as the task of `hvlib.driver.Reached` does."""

    def afterwards(self, do: Callable[..., object], *about: Any) -> None:
        """Call ``do(*about)`` at the end, whatever happens. Where that fails, the task's ``left`` has the refs in
        ``about``.
        """
