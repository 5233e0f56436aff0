"""Tasks: ``provider.tasks``, the records of the server's operations and of those that this process carries out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hvlib.api.collection import Collection
from hvlib.model.actions import Action, Cancel
from hvlib.model.arguments import one_of
from hvlib.model.query import Query
from hvlib.model.ref import Ref, as_ref
from hvlib.model.resources import TaskRecord
from hvlib.model.task import Task
from hvlib.runtime.server_task import ServerTask

__all__ = ["Tasks"]


class Tasks(Collection[TaskRecord]):
    """``provider.tasks``. A task that this process carries out can be read by its ref; listings do not show it."""

    def follow(self, record: TaskRecord) -> Task[Any]:
        """The operation of a record, as a `Task`. Raises `InvalidQuery` for anything but a record of this provider."""
        with self._locating():
            self._check_provider(one_of("record", record, TaskRecord).ref)
        own = self._operations.steps.find(record.ref)
        operation = record.operation if "operation" in record.loaded else record.ref.id
        target = record.target if "target" in record.loaded else None
        return Task(own or ServerTask(self._operations.shared, operation, target, record=record, ref=record.ref))

    def read(self, query: Query[TaskRecord], refs: Sequence[Ref]) -> dict[Ref, TaskRecord]:
        """`Collection.read`."""
        own = self._operations.steps.records(query, refs)
        return {**own, **super().read(query, [ref for ref in refs if ref not in own])}

    def do(self, ref: Ref | TaskRecord | None, action: Action, *, dry_run: bool = False, label: str = "") -> Task[Any]:
        """`Collection.do`."""
        with self._locating():
            target = as_ref(ref)
        own = None if target is None else self._operations.steps.find(target)
        if own is None or dry_run or not isinstance(action, Cancel):
            return super().do(ref, action, dry_run=dry_run, label=label)
        own.cancel()
        return Task(ServerTask(self._operations.shared, f"cancel {own.operation}", own.ref, action=action))
