"""Tasks: the class task, the server's record of an operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from hvlib.driver import Done, action
from hvlib.driver.table import ID, Constant, Field, Table
from hvlib.model import actions
from hvlib.model.errors import InvalidState
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Network, Resource, Snapshot, TaskRecord, Volume
from hvlib.model.task import ENDED, Failure, TaskState
from hvlib_xenapi.adapter import LABELS, TableAdapter
from hvlib_xenapi.errors import failure
from hvlib_xenapi.operations.outcome import made, state
from hvlib_xenapi.own_tasks import OwnTasks
from hvlib_xenapi.values import moment
from hvlib_xenapi.wire.client import Client

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


def result(task: str, name_label: str, xml: str, client: Client) -> Ref | None:
    """The object that an operation made; if it made none, the one that was named when it was begun here."""
    kind, ref = MADE.get(operation(name_label)), made(xml)
    return client.own_tasks.result(task) if kind is None or ref is None else client.context.ref(kind, ref)


def noted_state(task: str, status: str, words: Sequence[str], own_tasks: OwnTasks) -> TaskState:
    """A task's state, which is noted among the tasks begun here."""
    found = state(status, words)
    own_tasks.saw(task, found)
    return found


TABLE = Table(
    TaskRecord,
    "task",
    {
        **LABELS,
        "created_at": Field("created", convert=moment),
        "started_at": Field("created", convert=moment),
        "operation": Field("name_label", convert=operation),
        "state": Field(ID, "status", "error_info", Constant(lambda client: client.own_tasks), convert=noted_state),
        "progress": Field("progress", "status", convert=progress),
        "error": Field("status", "error_info", convert=error),
        "result": Field(ID, "name_label", "result", Constant(lambda client: client), convert=result),
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
