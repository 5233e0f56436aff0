"""Calls: the messages of an action that takes several. Each message is a step of the action."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from hvlib.driver import Started, Steps
from hvlib.model.ref import Ref
from hvlib.model.resources import TaskRecord
from hvlib_xenapi.wire.client import Client
from hvlib_xenapi.wire.rows import row_type, rows_type

__all__ = ["Calls", "begin_task"]


class Calls:
    """Sends messages as the steps of one action."""

    def __init__(self, client: Client, steps: Steps) -> None:
        self.client = client
        self._steps = steps

    def read(self, name: str, *parameters: Any, result: Any = Any) -> Any:
        """Send a message that changes nothing."""
        return self._steps.read(partial(self.client.call, name, *parameters, result=result))

    def record(self, cls: str, ref: str, *fields: str) -> Any:
        """Read these fields of one object. `NotFound` if the object is gone."""
        return self.read(f"{cls}.get_record", ref, result=row_type(cls, frozenset(fields)))

    def find(self, cls: str, condition: str, *fields: str) -> dict[str, Any]:
        """Read these fields of the objects of a class that fit a condition."""
        result = rows_type(cls, frozenset(fields))
        found: dict[str, Any] = self.read(f"{cls}.get_all_records_where", condition, result=result)
        return found

    def call(self, name: str, *parameters: Any, undo: Callable[[Any], object] | None = None) -> Any:
        """Send a message that is carried out at once."""
        return self._steps.call(partial(self.client.call, name, *parameters), undo=undo)

    def run(self, name: str, *parameters: Any, undo: Callable[[Any], object] | None = None) -> Ref | None:
        """Send a message that may take long, in its asynchronous form. Returns the object that it made."""
        return self._steps.run(partial(begin_task, self.client, name, *parameters), undo=undo)


def begin_task(client: Client, name: str, *parameters: Any) -> Started:
    """Send a message in its asynchronous form. Own tasks that have ended are removed first."""
    client.remove_ended_tasks()
    task: str = client.call(f"Async.{name}", *parameters)
    client.own_tasks.begin(task)
    return Started(client.context.ref(TaskRecord, task))
