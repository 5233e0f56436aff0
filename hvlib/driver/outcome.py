"""Outcomes: what an action's method returns. A task of the server's, a state to wait for, or the end."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hvlib.model.ref import Ref

__all__ = ["Done", "Outcome", "Reached", "Started"]


class Started(msgspec.Struct, frozen=True):
    """The server runs the action as a task: core follows it as an object of the kind Task.

    | result: the object that the task makes, where the server's record of the task will not name it
    """

    task: Ref
    result: Ref | None = None


class Reached(msgspec.Struct, frozen=True):
    """The server accepted the action and keeps no task of it. Core reads an object until it has the values.

    | values: the values, by field, at which the action has succeeded
    | fails: the values, by field, any of which means that the action has failed
    | timeout: seconds after which the action has failed; None: there is no limit
    """

    ref: Ref
    values: Mapping[str, object]
    fails: Mapping[str, object] = {}
    timeout: float | None = None


class Done(msgspec.Struct, frozen=True):
    """The action is over. ``result``: the object to read for the caller; None if there is none."""

    result: Ref | None = None


Outcome = Started | Reached | Done
