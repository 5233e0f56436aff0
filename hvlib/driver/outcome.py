"""Outcomes of a call for an action: a task of the server's, a state to be reached, or the end."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hvlib.model.ref import Ref

__all__ = ["Done", "Outcome", "Reached", "Started"]


class Started(msgspec.Struct, frozen=True):
    """The server runs the action as a task: core follows it as the kind Task.

    | result: the object that it makes, where the server's record of the task will not say so
    """

    task: Ref
    result: Ref | None = None


class Reached(msgspec.Struct, frozen=True):
    """The server was asked, and keeps no task: the action is over when an object has these values. Core follows it.

    | values: by field
    | fails: values, by field, with any of which the action has failed
    | timeout: seconds after which the action has failed; None: it may take as long as it takes
    """

    ref: Ref
    values: Mapping[str, object]
    fails: Mapping[str, object] = {}
    timeout: float | None = None


class Done(msgspec.Struct, frozen=True):
    """The action is over. ``result``: the object to read for the caller; None if there is none."""

    result: Ref | None = None


Outcome = Started | Reached | Done
