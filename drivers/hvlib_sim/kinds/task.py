"""Tasks: the lab's records of operations. A task is kept for ten minutes after its end."""

from __future__ import annotations

from hvlib.driver import Done, action
from hvlib.driver.table import Table
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import TaskRecord
from hvlib_sim.adapter import TableAdapter
from hvlib_sim.fields import COMMON, attributes, link
from hvlib_sim.lab import lifecycle, objects

__all__ = ["Tasks"]


class Tasks(TableAdapter[TaskRecord]):
    """Tasks: queued while another task works on the same object, then running, succeeded, failed or cancelled."""

    kind = TaskRecord
    source = objects.Task
    table = Table(
        TaskRecord,
        "Task",
        {
            **COMMON,
            **attributes("operation", "state", "progress"),
            "target": link("target"),
            **attributes("started_at", "error"),
            "result": link("result"),
        },
    )

    @action(actions.Cancel)
    def cancel(self, task: Ref | None, action: actions.Cancel) -> Done:
        """Cancel at once, before the operation changes anything. `InvalidState` if the task has ended."""
        return self.perform(lifecycle.cancel, task, action)
