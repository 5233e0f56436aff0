"""ServerTask: an operation of which the server keeps a record, or which has ended already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from hvlib.model import errors
from hvlib.model.actions import Action, Cancel
from hvlib.model.errors import HvlibError, NotFound, TaskCancelled, TaskFailed
from hvlib.model.event import Event, EventType
from hvlib.model.query import Query, make_query
from hvlib.model.ref import Ref
from hvlib.model.resources import TaskRecord
from hvlib.model.task import ENDED, Failure
from hvlib.runtime.operation import Operation
from hvlib.runtime.shared_watch import SharedWatch

__all__ = ["ServerTask"]

FOLLOWED = frozenset({"state", "progress", "started_at", "error", "result"})
"""The fields of a task's record that are read while it is followed. Other fields may take another round trip."""


class ServerTask(Operation):
    """An operation, followed by the server's record of it. Without a ``ref`` it had ended when the call returned.

    | record: the server's record, if it has been read already
    | outcome: the object that the action made, where the server named it in its first reply
    """

    def __init__(
        self,
        shared: SharedWatch,
        operation: str,
        target: Ref | None,
        *,
        action: Action | None = None,
        ref: Ref | None = None,
        record: TaskRecord | None = None,
        outcome: Ref | None = None,
    ) -> None:
        super().__init__(shared, operation, target, action, ref)
        self._begun_here = record is None
        self._record = record
        self._outcome = outcome
        self._lost: NotFound | None = None

    @property
    def state(self) -> str:
        """`Task.state`."""
        record = self._latest()
        if self._lost is not None:
            return "unknown"
        return "succeeded" if record is None else record.state

    @property
    def progress(self) -> float | None:
        """`Task.progress`."""
        record = self._latest()
        if self._lost is not None:
            return None
        return 1.0 if record is None or record.state == "succeeded" else _known(record, "progress")

    @property
    def started_at(self) -> datetime | None:
        """`Task.started_at`."""
        record = self._latest()
        return None if record is None else _known(record, "started_at")

    @property
    def error(self) -> HvlibError | None:
        """`Task.error`."""
        record = self._latest()
        if self._lost is not None:
            return self._lost
        if record is None or record.state not in ("failed", "cancelled"):
            return None
        return self._failure(record)

    @property
    def ended(self) -> bool:
        """`Operation.ended`."""
        if self.ref is None or self._lost is not None:
            return True
        return self._record is not None and self._record.state in ENDED

    def cancel(self) -> None:
        """`Task.cancel`."""
        if self.ref is None:
            raise self.located(errors.InvalidState(f"{self.operation} has ended"))
        self.provider.collection(TaskRecord.kind).do(self.ref, Cancel())

    def queries(self) -> Sequence[Query[Any]]:
        """A query for the server's record."""
        assert self.ref is not None
        declared = self.shared.manager.adapter(TaskRecord).fields
        return [make_query(TaskRecord, declared, fields=FOLLOWED & declared, refs=[self.ref])]

    def take(self, event: Event[TaskRecord]) -> float | None:
        """Take in the server's record from an event. The outcome, once it is known, does not change any more."""
        if self.ended:
            return None
        if event.type is EventType.DELETED:
            self._lose()
            return None
        assert event.resource is not None
        before = None if self._record is None else _known(self._record, "progress")
        self._keep(event.resource)
        progress: float | None = _known(event.resource, "progress")
        return None if progress == before else progress

    def result_ref(self) -> Ref | None:
        """`Operation.result_ref`."""
        if self.deletes:
            return None
        return self.made or self.target

    @property
    def made(self) -> Ref | None:
        """The ref of the object that the operation made, even if it failed."""
        made: Ref | None = _known(self._record, "result") if self._record is not None else None
        return made or self._outcome

    def _lose(self) -> None:
        """Note that the server has no record of the operation any more."""
        forgotten = f"{self.operation}: the server has no record of it any more, so its outcome is unknown"
        self._lost = cast(NotFound, self.located(NotFound(forgotten)))

    def _latest(self) -> TaskRecord | None:
        if not self.ended:
            [query] = self.queries()
            records = self.shared.manager.get(query, query.refs or ())
            if not records:
                raise self.located(NotFound(f"{self.operation}: the server has no record of it"))
            self._keep(records[0])
        return self._record

    def _keep(self, record: TaskRecord) -> None:
        """Keep the server's record. Once the task has ended, the driver may let the server drop its own."""
        self._record = record
        if self._begun_here and record.state in ENDED:
            self.shared.manager.forget(record.ref)

    def _failure(self, record: TaskRecord) -> HvlibError:
        if record.state == "cancelled":
            return self.located(TaskCancelled(f"{self.operation} was cancelled"))
        failure = _known(record, "error") or Failure("TaskFailed", "the server gives no reason")
        kind = getattr(errors, failure.error, TaskFailed)
        return self.located(kind(f"{self.operation}: {failure.message}", native=failure.native))


def _known(record: TaskRecord, name: str) -> Any:
    """A field's value; None where the driver does not have the field."""
    return getattr(record, name) if name in record.loaded else None
