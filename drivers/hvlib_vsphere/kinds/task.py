"""Tasks: vim.Task, the server's record of an operation."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver import Done, action
from hvlib.driver.table import Field, Joined, RefTo, Table, itself
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import TaskRecord
from hvlib.model.task import TaskState
from hvlib_vsphere.adapter import Scope, TableAdapter
from hvlib_vsphere.columns import DERIVED_UUID
from hvlib_vsphere.errors import failure
from hvlib_vsphere.property.spec import ObjectSpec, PropertySpec, Traversal
from hvlib_vsphere.templates import NamedMachine, named_object
from hvlib_vsphere.values import is_true, moment

__all__ = ["Tasks"]

MANAGER = "TaskManager"

STATES: dict[object, TaskState] = {"queued": "queued", "running": "running", "success": "succeeded", "error": "failed"}


def task_state(state: str | None, cancelled: object, error: object) -> TaskState:
    """A task's state, from its TaskInfoState. The server ends a cancelled task in an error."""
    mapped = STATES.get(state, "running")
    if mapped != "failed":
        return mapped
    reason = failure(error)
    stopped = is_true(cancelled) or (reason is not None and reason.error == "TaskCancelled")
    return "cancelled" if stopped else "failed"


def fraction(percent: int | str | None, state: str | None) -> float | None:
    """A task's progress, from 0 to 1. The server reports it while the task runs."""
    if state == "success":
        return 1.0
    return None if percent is None else min(max(int(percent) / 100, 0.0), 1.0)


def name_or_operation(name: str | None, operation: str | None) -> str:
    """The name of a task; without one, its operation."""
    return name or operation or ""


def named(path: str) -> RefTo:
    """The column of the object that a property names."""
    return RefTo(itself, Joined(NamedMachine(path), path, convert=named_object))


TABLE = Table(
    TaskRecord,
    "Task",
    {
        **DERIVED_UUID,
        "name_label": Field("info.name", "info.descriptionId", convert=name_or_operation),
        "created_at": Field("info.queueTime", convert=moment),
        "operation": Field("info.descriptionId", convert=lambda operation: operation or ""),
        "state": Field("info.state", "info.cancelled", "info.error", convert=task_state),
        "progress": Field("info.progress", "info.state", convert=fraction),
        "target": named("info.entity"),
        "started_at": Field("info.startTime", convert=moment),
        "error": Field("info.error", convert=failure),
        "result": named("info.result"),
    },
)


class Tasks(TableAdapter[TaskRecord]):
    """The tasks of all users that the server still keeps: it drops them after some minutes."""

    kind: ClassVar[type[TaskRecord]] = TaskRecord
    table = TABLE
    witnesses = frozenset({MANAGER})

    def everywhere(self) -> Scope:
        """TaskManager.recentTask, and a property of the manager: without it, a lost session would look empty."""
        manager = self.client.login.service("taskManager")
        recent = ObjectSpec(manager, (Traversal(MANAGER, "recentTask"),))
        return Scope([recent], [PropertySpec(MANAGER, ("maxCollector",))])

    @action(actions.Cancel)
    def cancel(self, task: Ref, _: actions.Cancel) -> Done:
        """Task.CancelTask. `Unsupported` if the task can't be cancelled, `InvalidState` if it has ended."""
        self.call("CancelTask", task)
        return Done(task)
