"""Tasks: Grove's tasks, the server's record of an operation."""

from __future__ import annotations

from hvlib.driver import Done, Ref, action
from hvlib.model.actions import Cancel
from hvlib.model.resources import VM, TaskRecord
from hvlib.model.task import TaskState
from hvlib_grove.adapter import TableAdapter
from hvlib_grove.errors import failure
from hvlib_grove.table import Column
from hvlib_grove.values import moment

__all__ = ["Tasks"]

STATES: dict[str, TaskState] = {
    "running": "running",
    "done": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
}


class Tasks(TableAdapter[TaskRecord]):
    """The server remembers the last 500 that have ended."""

    kind = TaskRecord
    collection = "tasks"
    table = {
        "uuid": Column("uuid"),
        "name_label": Column("kind"),
        "created_at": Column("created", moment),
        "operation": Column("kind"),
        "state": Column("state", STATES.__getitem__),
        "progress": Column("percent", lambda percent: percent / 100),
        "target": Column("target", of=VM),
        "started_at": Column("started", moment),
        "error": Column("error", failure),
        "result": Column("made", of=VM),
    }

    @action(Cancel)
    def cancel(self, task: Ref, cancel: Cancel) -> Done:
        """At once. `InvalidState` if it has ended."""
        self.client.call("POST", "tasks", task.id, "cancel")
        return Done(task)
