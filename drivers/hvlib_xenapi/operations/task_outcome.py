"""Outcomes: how a task ended, and the object that it made, as the server's record of the task says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from hvlib.model.task import TaskState
from hvlib_xenapi.values import is_null

__all__ = ["made", "state"]

STATES: Mapping[str, TaskState] = {
    "pending": "running",
    "success": "succeeded",
    "failure": "failed",
    "cancelling": "running",
    "cancelled": "cancelled",
}


def state(status: str, error: Sequence[str]) -> TaskState:
    """The state of a task. A cancelled task may have ended as a failure with the code TASK_CANCELLED."""
    if status == "failure" and error and error[0] == "TASK_CANCELLED":
        return "cancelled"
    return STATES.get(status, "running")


def made(result: str) -> str | None:
    """The reference in a task's result, which is XML over JSON-RPC too; None if there is none."""
    try:
        value = "".join(ElementTree.fromstring(result).itertext()) if result.startswith("<") else result
    except ElementTree.ParseError:
        return None
    return value if value.startswith("OpaqueRef:") and not is_null(value) else None
