"""Tasks: Grove's tasks, the server's record of an operation."""

from __future__ import annotations

from hvlib.driver import Done, Ref, action
from hvlib.driver.table import Field, RefTo, Table, itself
from hvlib.model.actions import Cancel
from hvlib.model.resources import VM, Image, Resource, TaskRecord
from hvlib.model.task import TaskState
from hvlib_grove.adapter import TableAdapter
from hvlib_grove.errors import failure
from hvlib_grove.values import moment

__all__ = ["Tasks"]

STATES: dict[str, TaskState] = {"running": "running", "done": "succeeded", "failed": "failed", "cancelled": "cancelled"}


def named(id: str | None, templates: list[str]) -> tuple[type[Resource], str] | None:
    """A machine's kind and identifier: a template is an image, even if it was a VM when the task ran."""
    return None if id is None else (Image if id in templates else VM, id)


class Tasks(TableAdapter[TaskRecord]):
    """Tasks. The server keeps the last 500 that have ended."""

    kind = TaskRecord
    table = Table(
        TaskRecord,
        "tasks",
        {
            "uuid": Field("uuid", stored="uuid"),
            "name_label": Field("kind"),
            "created_at": Field("created", convert=moment),
            "operation": Field("kind"),
            "state": Field("state", convert=STATES.__getitem__),
            "progress": Field("percent", convert=lambda percent: percent / 100),
            "target": RefTo(itself, Field("target", "templates", convert=named)),
            "started_at": Field("started", convert=moment),
            "error": Field("error", convert=failure),
            "result": RefTo(itself, Field("made", "templates", convert=named)),
        },
    )

    @action(Cancel)
    def cancel(self, task: Ref, cancel: Cancel) -> Done:
        """Cancel at once. `InvalidState` if the task has ended."""
        self.client.call("POST", "tasks", task.id, "cancel")
        return Done(task)
