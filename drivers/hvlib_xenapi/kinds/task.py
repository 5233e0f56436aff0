"""Tasks: the class task, the server's record of an operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from hvlib.driver import Done, action
from hvlib.model import actions
from hvlib.model.errors import InvalidState
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Network, Resource, Snapshot, TaskRecord, Volume
from hvlib.model.task import ENDED, Failure, TaskState
from hvlib_xenapi.adapter import TableAdapter
from hvlib_xenapi.errors import failure
from hvlib_xenapi.operations.outcome import made, state
from hvlib_xenapi.table import LABELS, Column, Reader, Sources, Table
from hvlib_xenapi.values import moment
from hvlib_xenapi.wire.rows import Row

__all__ = ["Tasks"]

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
"""The kind of object that each operation makes: a task's record has its reference alone."""


def progress(fraction: float, status: str) -> float:
    """0 to 1."""
    return 1.0 if status == "success" else min(max(float(fraction), 0.0), 1.0)


def error(status: str, words: Sequence[str]) -> Failure | None:
    """Return the failure of a task that failed."""
    return failure(words) if state(status, words) == "failed" else None


def operation(name_label: str) -> str:
    """The message that a task carries out."""
    return name_label.removeprefix("Async.")


class Result(Column):
    """The object that an operation made; if it made none, the one that was named when it was begun here."""

    def reader(self, sources: Sources) -> Reader:
        """Return the function that makes the ref."""
        client = sources.client

        def read(ref: str, row: Row) -> Ref | None:
            kind, result = MADE.get(operation(row.name_label)), made(row.result)
            if kind is None or result is None:
                return client.own_tasks.result(ref)
            return client.context.ref(kind, result)

        return read


class State(Column):
    """A task's state, which is noted among the client's own tasks."""

    def reader(self, sources: Sources) -> Reader:
        """Return the function that makes the state."""
        own_tasks = sources.client.own_tasks

        def read(ref: str, row: Row) -> TaskState:
            found = state(row.status, row.error_info)
            own_tasks.saw(ref, found)
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
        row = self.record("task", task.id, "status", "error_info")
        if state(row.status, row.error_info) in ENDED:
            raise InvalidState(f"the task {task.id} has ended")
        self.client.call("task.cancel", task.id)
        return Done(task)
