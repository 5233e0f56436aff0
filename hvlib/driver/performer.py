"""Performers: the methods of an adapter that carry out actions, and how they are marked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from hvlib.model.actions import Action
from hvlib.model.errors import Unsupported

__all__ = ["Performer", "action", "steps"]

A = TypeVar("A", bound=Action)
Method = TypeVar("Method", bound=Callable[..., Any])


class Performer(msgspec.Struct, frozen=True):
    """How an adapter carries out one action.

    | method: the name of the adapter's method
    | only: values that the object must have, by field
    | lacks: the action's options that the server has no equivalent of
    | values: called with the action; raises for values of options that the server never accepts
    | steps: whether the method takes `hvlib.driver.Steps`, and may send several changing requests
    """

    method: str
    only: Mapping[str, object]
    lacks: Sequence[str]
    values: Callable[[Any], object] | None
    steps: bool

    def check(self, action: Action) -> None:
        """Raise `Unsupported` if an option is given that the server lacks, and the errors of ``values``."""
        defaults = {field.name: field.default for field in msgspec.structs.fields(action)}
        for name in self.lacks:
            if getattr(action, name) != defaults[name]:
                options = " ".join(sorted(defaults.keys() - {*self.lacks}))
                raise Unsupported(f"{action.name} takes no {name!r} here", hint=f"options: {options}")
        if self.values is not None:
            self.values(action)


def action(
    requested: type[A],
    *,
    only: Mapping[str, object] | None = None,
    lacks: Sequence[str] = (),
    values: Callable[[A], object] | None = None,
) -> Callable[[Method], Method]:
    """Mark an adapter's method as the one that carries out an action: ``method(self, ref, action)``.

    The method may read, sends one changing request, and returns `Started`, `Reached` or `Done`. Core calls it again
    after `SessionLost`, `NotSent` and `RateLimited`: the server can't have acted.

    | only: values that the object must have, by field. Core reads the fields first, and raises `InvalidState` if they
      have other values
    | lacks: options that the server has no equivalent of: core raises `Unsupported` before anything is sent
    | values: called with the action before anything is sent; raises for values that the server never accepts
    """
    return _marked(requested, only or {}, lacks, values, steps=False)


def steps(
    requested: type[A], *, lacks: Sequence[str] = (), values: Callable[[A], object] | None = None
) -> Callable[[Method], Method]:
    """Mark a method that carries out an action in several requests: ``method(self, ref, action, steps)``.

    The method is plain code from top to bottom, which core runs once, in a thread of its own: see `hvlib.driver.Steps`.
    It returns the ref of the result, or None. ``lacks`` and ``values`` are the same as in `action`.
    """
    return _marked(requested, {}, lacks, values, steps=True)


def _marked(
    requested: type[A],
    only: Mapping[str, object],
    lacks: Sequence[str],
    values: Callable[[A], object] | None,
    *,
    steps: bool,
) -> Callable[[Method], Method]:
    def mark(method: Method) -> Method:
        method.performs = requested, Performer(method.__name__, only, lacks, values, steps)  # type: ignore[attr-defined]
        return method

    return mark
