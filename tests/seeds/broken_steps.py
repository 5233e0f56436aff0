"""Drivers that carry out actions of several requests wrongly. Each docstring says what the driver would do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from seeds.delegating import DelegatingAdapter

from hvlib.actions import Action
from hvlib.conformance.disturbing import DelegatingSteps
from hvlib.driver import Outcome, Steps
from hvlib.errors import ConnectionFailed, HvlibError
from hvlib.model.ref import Ref

__all__ = ["BeginsAgain", "OutlivesCancel", "StepSentTwice", "UndoesNothing"]


class WithoutUndo(DelegatingSteps):
    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        return super().run(call)


class Twice(DelegatingSteps):
    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        def call_twice() -> Outcome:
            try:
                return call()
            except ConnectionFailed:
                return call()

        return super().run(call_twice, undo=undo)


class UndoesNothing(DelegatingAdapter):
    """Leave the objects of the earlier requests behind when a later request fails."""

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        return super().take_steps(ref, action, WithoutUndo(steps))


class OutlivesCancel(DelegatingAdapter):
    """End a cancelled task as if it had succeeded."""

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        try:
            return super().take_steps(ref, action, steps)
        except HvlibError:
            raise
        except BaseException:
            return ref


class StepSentTwice(DelegatingAdapter):
    """Send a request again if its reply is lost."""

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        return super().take_steps(ref, action, Twice(steps))


class BeginsAgain(DelegatingAdapter):
    """Carry out an action from its first request again if the connection breaks."""

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        try:
            return super().take_steps(ref, action, steps)
        except ConnectionFailed:
            return super().take_steps(ref, action, steps)
