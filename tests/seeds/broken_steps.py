"""Drivers that carry out actions of several requests badly: each docstring says what its driver would do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from seeds.delegating import DelegatingAdapter

from hvlib.actions import Action
from hvlib.driver import Outcome, Steps
from hvlib.errors import ConnectionFailed, HvlibError
from hvlib.model.ref import Ref

__all__ = ["BeginsAgain", "OutlivesCancel", "StepSentTwice", "UndoesNothing"]

T = TypeVar("T")


class DelegatingSteps:
    """Steps, as core gives them."""

    def __init__(self, wrapped: Steps) -> None:
        self.wrapped = wrapped

    def read(self, call: Callable[[], T]) -> T:
        return self.wrapped.read(call)

    def call(self, call: Callable[[], T], *, undo: Callable[[T], object] | None = None) -> T:
        return self.wrapped.call(call, undo=undo)

    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        return self.wrapped.run(call, undo=undo)

    def until(self, ref: Ref, values: Mapping[str, object], **given: Any) -> None:
        self.wrapped.until(ref, values, **given)

    def afterwards(self, do: Callable[..., object], *about: Any) -> None:
        self.wrapped.afterwards(do, *about)


class WithoutUndo(DelegatingSteps):
    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        return super().run(call)


class Twice(DelegatingSteps):
    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        def again() -> Outcome:
            try:
                return call()
            except ConnectionFailed:
                return call()

        return super().run(again, undo=undo)


class UndoesNothing(DelegatingAdapter):
    """What was made on the way stays."""

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        return super().take_steps(ref, action, WithoutUndo(steps))


class OutlivesCancel(DelegatingAdapter):
    """A task that is cancelled ends as if it had succeeded."""

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        try:
            return super().take_steps(ref, action, steps)
        except HvlibError:
            raise
        except BaseException:
            return ref


class StepSentTwice(DelegatingAdapter):
    """A request whose reply is lost is sent again."""

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        return super().take_steps(ref, action, Twice(steps))


class BeginsAgain(DelegatingAdapter):
    """An action that broke off is carried out from the top."""

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        try:
            return super().take_steps(ref, action, steps)
        except ConnectionFailed:
            return super().take_steps(ref, action, steps)
