"""Tasks: the class task, the server's record of an operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar
from xml.etree import ElementTree

from hvlib.driver import Done, action
from hvlib.model import actions
from hvlib.model.errors import InvalidState
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Network, Resource, Snapshot, TaskRecord, Volume
from hvlib.model.task import ENDED, Failure, TaskState
from hvlib_xenapi.adapter import TableAdapter
from hvlib_xenapi.errors import failure
from hvlib_xenapi.rows import Inventory, Row
from hvlib_xenapi.table import LABELS, Column, Reader, Table
from hvlib_xenapi.values import is_null, moment

if TYPE_CHECKING:
    from hvlib_xenapi.session import XenAPISession

__all__ = ["Tasks"]

STATES: Mapping[str, TaskState] = {
    "pending": "running",
    "success": "succeeded",
    "failure": "failed",
    "cancelling": "running",
    "cancelled": "cancelled",
}

MADE: Mapping[str, type[Resource]] = {
    "VM.clone": VM,
    "VM.copy": VM,
    "VM.create": VM,
    "VM.snapshot": Snapshot,
    "VM.checkpoint": Snapshot,
    "VDI.create": Volume,
    "VDI.clone": Volume,
    "VDI.copy": Volume,
    "VDI.pool_migrate": Volume,
    "network.create": Network,
}
"""What operations make: of a task's result, the server tells the reference alone."""


def state(status: str, error: Sequence[str]) -> TaskState:
    """A task that was cancelled may end as a failure that says so."""
    if status == "failure" and error and error[0] == "TASK_CANCELLED":
        return "cancelled"
    return STATES.get(status, "running")


def progress(fraction: float, status: str) -> float:
    """0 to 1."""
    return 1.0 if status == "success" else min(max(float(fraction), 0.0), 1.0)


def error(status: str, words: Sequence[str]) -> Failure | None:
    """Why a task failed."""
    return failure(words) if state(status, words) == "failed" else None


def operation(name_label: str) -> str:
    """The message that a task carries out."""
    return name_label.removeprefix("Async.")


def made(result: str) -> str | None:
    """The reference in a task's result: XML, whatever is spoken."""
    try:
        value = "".join(ElementTree.fromstring(result).itertext()) if result.startswith("<") else result
    except ElementTree.ParseError:
        return None
    return value if value.startswith("OpaqueRef:") and not is_null(value) else None


class Result(Column):
    """What an operation made, or was about where it makes nothing and was begun here."""

    def reader(self, own: str, session: XenAPISession, inventory: Inventory) -> Reader:  # noqa: ARG002
        """What makes the ref."""

        def read(ref: str, row: Row) -> Ref | None:
            kind, result = MADE.get(operation(row.name_label)), made(row.result)
            if kind is None or result is None:
                return session.own_tasks.result(ref)
            return session.context.ref(kind, result)

        return read


class State(Column):
    """A task's state, of which the session takes notice."""

    def reader(self, own: str, session: XenAPISession, inventory: Inventory) -> Reader:  # noqa: ARG002
        """What tells the state."""

        def read(ref: str, row: Row) -> TaskState:
            found = state(row.status, row.error_info)
            session.own_tasks.saw(ref, found)
            return found

        return read


TABLE = Table(
    TaskRecord,
    "task",
    {
        **LABELS,
        "created_at": Column("created", convert=moment),
        "started_at": Column("created", convert=moment),
        "operation": Column("name_label", convert=operation),
        "state": State("status", "error_info"),
        "progress": Column("progress", "status", convert=progress),
        "error": Column("status", "error_info", convert=error),
        "result": Result("name_label", "result"),
    },
)


class Tasks(TableAdapter[TaskRecord]):
    """The tasks that the server still remembers, of everybody."""

    kind: ClassVar[type[TaskRecord]] = TaskRecord
    table = TABLE

    @action(actions.Cancel)
    def cancel(self, task: Ref, cancel: actions.Cancel) -> Done:  # noqa: ARG002
        """task.cancel. `InvalidState` if it has ended."""
        row = self.session.record("task", task.id, "status", "error_info")
        if state(row.status, row.error_info) in ENDED:
            raise InvalidState(f"the task {task.id} has ended")
        self.session.call("task.cancel", task.id)
        return Done(task)
