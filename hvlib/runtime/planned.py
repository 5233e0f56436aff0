"""Planned: an action that was only checked, not sent."""

from __future__ import annotations

from hvlib.model.errors import HvlibError, InvalidState
from hvlib.model.ref import Ref
from hvlib.runtime.operation import Operation

__all__ = ["Planned"]


class Planned(Operation):
    """The task of a dry run: it describes the action, and never runs."""

    state = "planned"
    progress = 0.0
    error = None
    ended = True

    def refusal(self, timeout: float) -> HvlibError:  # noqa: ARG002
        """An `InvalidState`, always."""
        return self.located(InvalidState(f"{self.operation} is only planned: nothing was sent"))

    def cancel(self) -> None:
        """`Task.cancel`. Raises `InvalidState`."""
        raise self.refusal(0.0)

    def result_ref(self) -> Ref | None:
        """`Operation.result_ref`."""
        return None

    def __str__(self) -> str:
        return f"{self.operation}: planned"
