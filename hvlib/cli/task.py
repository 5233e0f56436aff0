"""``hv task``."""

from __future__ import annotations

from hvlib.cli.listing import ListResources, ShowResource
from hvlib.model.resources import TaskRecord

__all__ = ["ListTasks", "ShowTask"]


class ListTasks(ListResources):
    """List tasks that the server remembers."""

    kind = TaskRecord
    state = "state"
    columns = ("operation", "state", "progress", "target", "started_at")


class ShowTask(ShowResource):
    """Show one task."""

    kind = TaskRecord
