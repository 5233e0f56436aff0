"""Tasks: the lab's records of operations. One that has ended is kept for ten minutes."""

from __future__ import annotations

from hvlib.driver import Done, action
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import TaskRecord
from hvlib_sim.adapter import TableAdapter
from hvlib_sim.lab import lifecycle, objects
from hvlib_sim.table import AnyRef, Table, Value

__all__ = ["Tasks"]


class Tasks(TableAdapter[TaskRecord]):
    """Queued while another one works on the same object, then running, then succeeded, failed or cancelled."""

    kind = TaskRecord
    table = Table(
        TaskRecord,
        objects.Task,
        {
            "operation": Value("operation"),
            "state": Value("state"),
            "progress": Value("progress"),
            "target": AnyRef("target"),
            "started_at": Value("started_at"),
            "error": Value("error"),
            "result": AnyRef("result"),
        },
    )

    @action(actions.Cancel)
    def cancel(self, task: Ref | None, action: actions.Cancel) -> Done:
        """At once; nothing of it was carried out. `InvalidState` if it has ended."""
        return self.perform(lifecycle.cancel, task, action)
