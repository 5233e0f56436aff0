"""Tasks: the class task, the server's record of an operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from hvlib.driver import Done, action
from hvlib.driver.table import Field, Joined, RefTo, Table, itself
from hvlib.model import actions
from hvlib.model.errors import InvalidState
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Network, Resource, Snapshot, TaskRecord, Volume
from hvlib.model.task import ENDED, Failure
from hvlib_xenapi.adapter import LABELS, TableAdapter
from hvlib_xenapi.errors import failure
from hvlib_xenapi.joins import Worded
from hvlib_xenapi.operations.task_outcome import made, state
from hvlib_xenapi.values import moment
from hvlib_xenapi.vm_class import CLASS, FLAGS, Named, kind_of
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
"""The kind of object that each operation makes: a task's record has only the object's reference."""

TEMPLATES_TOO = frozenset({"VM.clone", "VM.copy", "VM.create"})
"""The operations that make a template instead if the source is a template or a snapshot, or if the call says so."""


def progress(fraction: float, status: str) -> float:
    """The progress, from 0 to 1."""
    return 1.0 if status == "success" else min(max(float(fraction), 0.0), 1.0)


def error(status: str, words: Sequence[str]) -> Failure | None:
    """Return the failure of a task; None if it did not fail."""
    return failure(words) if state(status, words) == "failed" else None


def operation(name_label: str) -> str:
    """The name of the message that a task carries out."""
    return name_label.removeprefix("Async.")


def made_vm(row: Row) -> str | None:
    """The reference of the VM or template that an operation made; None if it makes neither."""
    return made(row.result) if operation(row.name_label) in TEMPLATES_TOO else None


def result(vm: Row | None, name_label: str, xml: str) -> Named | None:
    """The object that an operation made.

    ``vm``: the row of the object that `made_vm` names; None if there is no such object, or if it is gone.
    """
    kind, ref = kind_of(vm) or MADE.get(operation(name_label)), made(xml)
    return None if kind is None or ref is None else (kind, ref)


MADE_VM = Worded(CLASS, FLAGS, words=("name_label", "result"), read=made_vm)

TABLE = Table(
    TaskRecord,
    "task",
    {
        **LABELS,
        "created_at": Field("created", convert=moment),
        "started_at": Field("created", convert=moment),
        "operation": Field("name_label", convert=operation),
        "state": Field("status", "error_info", convert=state),
        "progress": Field("progress", "status", convert=progress),
        "error": Field("status", "error_info", convert=error),
        "result": RefTo(itself, Joined(MADE_VM, "name_label", "result", convert=result)),
    },
)


class Tasks(TableAdapter[TaskRecord]):
    """The tasks of all clients that the server still has."""

    kind: ClassVar[type[TaskRecord]] = TaskRecord
    table = TABLE

    @action(actions.Cancel)
    def cancel(self, task: Ref, _: actions.Cancel) -> Done:
        """task.cancel. `InvalidState` if it has ended."""
        row = self.record("task", task.id, "status", "error_info")
        if state(row.status, row.error_info) in ENDED:
            raise InvalidState(f"the task {task.id} has ended")
        self.client.call("task.cancel", task.id)
        return Done(task)
