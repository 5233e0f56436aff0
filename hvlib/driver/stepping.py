"""Steps: the object through which a driver carries out an action that takes several requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from hvlib.driver.outcome import Outcome
from hvlib.model.ref import Ref

__all__ = ["Steps"]

T = TypeVar("T")


class Steps(Protocol):
    """The argument ``steps`` of a method that is marked with `hvlib.driver.steps`.

    A step that fails raises. Once the task is cancelled every step raises, with an exception that ``except HvlibError``
    does not catch. Core then calls the functions that were passed as ``undo`` and to `afterwards`, the last one first,
    and continues when one of them fails. These functions may take steps themselves. After success core calls only the
    functions that were passed to `afterwards`.
    """

    def read(self, call: Callable[[], T]) -> T:
        """The result of a call that changes nothing. Core repeats it after failures, like any other read."""

    def call(self, call: Callable[[], T], *, undo: Callable[[T], object] | None = None) -> T:
        """The result of one changing request. Core sends it again only where the server can't have acted on it.

        | undo: called with the result
        """

    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        """Send one changing request and follow its task, or state, to the end. Returns the object that it made.

        | undo: called with that object (None where there is none), even if its task failed or was cancelled after all
        """

    def until(
        self,
        ref: Ref,
        values: Mapping[str, object],
        *,
        fails: Mapping[str, object] | None = None,
        timeout: float | None = None,
    ) -> None:
        """Wait until an object has these values, by field. Raises the errors of a task of `hvlib.driver.Reached`."""

    def afterwards(self, do: Callable[..., object], *about: Any) -> None:
        """Call ``do(*about)`` at the end, after success and failure. If it fails, the task's ``left`` has the refs in
        ``about``.
        """
