"""ReachedTask: an operation that has ended when an object has certain values. The server keeps no record of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hvlib.driver import Reached
from hvlib.model.actions import Action
from hvlib.model.errors import HvlibError, NotFound, TaskFailed, Unsupported
from hvlib.model.event import Event, EventType
from hvlib.model.query import Query, make_query
from hvlib.model.ref import Ref
from hvlib.model.resources import KINDS, Resource
from hvlib.runtime.operation import Operation
from hvlib.runtime.shared_watch import SharedWatch

__all__ = ["ReachedTask"]


class ReachedTask(Operation):
    """Follows the object that `hvlib.driver.Reached` names. The outcome, once it was seen, does not change any more."""

    def __init__(
        self, shared: SharedWatch, operation: str, target: Ref | None, action: Action | None, reached: Reached
    ) -> None:
        super().__init__(shared, operation, target, action, None)
        self._reached = reached
        self._clock = shared.manager.clock
        self._began = self._clock.now()
        self._state = "running"
        self._error: HvlibError | None = None

    @property
    def state(self) -> str:
        """`Task.state`: one round trip while it runs."""
        if not self.ended:
            [query] = self.queries()
            records = self.shared.manager.get(query, query.refs or ())
            self._see(records[0] if records else None)
        return self._state

    @property
    def progress(self) -> float | None:
        """`Task.progress`: 1.0 after success, else None."""
        return 1.0 if self.state == "succeeded" else None

    @property
    def error(self) -> HvlibError | None:
        """`Task.error`."""
        return self._error if self.state == "failed" else None

    @property
    def ended(self) -> bool:
        """`Operation.ended`."""
        return self._state != "running"

    def cancel(self) -> None:
        """`Task.cancel`. Raises `Unsupported`: the request was sent already."""
        raise self.located(Unsupported(f"{self.operation} can't be cancelled: the request was sent already"))

    def queries(self) -> Sequence[Query[Any]]:
        """A query for the object, with the fields that show the outcome."""
        ref, kind = self._reached.ref, KINDS[self._reached.ref.kind]
        fields = {*self._reached.values, *self._reached.fails}
        return [make_query(kind, self.shared.manager.adapter(kind).fields, fields=fields, refs=[ref])]

    def take(self, event: Event[Any]) -> float | None:
        """`Operation.take`."""
        if self.ended:
            return None
        self._see(None if event.type is EventType.DELETED else event.resource)
        return 1.0 if self._state == "succeeded" else None

    def result_ref(self) -> Ref | None:
        """`Operation.result_ref`."""
        return None if self.deletes else self._reached.ref

    @property
    def made(self) -> Ref | None:
        """The ref of the object."""
        return self._reached.ref

    @property
    def overdue(self) -> float | None:
        """`Operation.overdue`."""
        return None if self._reached.timeout is None else self._began + self._reached.timeout

    def expire(self) -> None:
        """`Operation.expire`."""
        wanted = " ".join(f"{name}={value}" for name, value in self._reached.values.items())
        ref = self._reached.ref
        late = f"{ref.kind} {ref.id} is not {wanted} after {self._reached.timeout:g} s"
        self._fail(TaskFailed(f"{self.operation}: {late}"))

    def _see(self, record: Resource | None) -> None:
        """Take in the object as it is now; None: it is gone."""
        ref = self._reached.ref
        if record is None:
            self._fail(NotFound(f"{self.operation}: {ref.kind} {ref.id} is gone"))
        elif _has(record, self._reached.values):
            self._state = "succeeded"
        elif failed := [name for name, value in self._reached.fails.items() if getattr(record, name) == value]:
            values = " ".join(f"{name}={getattr(record, name)}" for name in failed)
            self._fail(TaskFailed(f"{self.operation}: {ref.kind} {ref.id} has {values}"))
        elif self.overdue is not None and self._clock.now() >= self.overdue:
            self.expire()

    def _fail(self, error: HvlibError) -> None:
        self._state, self._error = "failed", self.located(error)


def _has(record: Resource, values: Mapping[str, object]) -> bool:
    return all(getattr(record, name) == value for name, value in values.items())
