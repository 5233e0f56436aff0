"""OwnTasks: the tasks of this process, as records of the kind Task beside the server's records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hvlib.driver import Session
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import TaskRecord
from hvlib.runtime.steps.runner import StepsRunner

__all__ = ["OwnTasks"]


class OwnTasks:
    """Finds and reads tasks of this process for `SessionManager`, which watches them."""

    def __init__(self, runner: StepsRunner) -> None:
        self._runner = runner

    def has(self, ref: Ref) -> bool:
        """Whether this process has the task of a ref."""
        return self._runner.find(ref) is not None

    def adapter(self, session: Session) -> Any:
        """The part of an adapter that reads tasks by their refs, both of this process and of the server."""
        return OwnTasksAdapter(self._runner, session)


class OwnTasksAdapter:
    """Reads tasks by their refs."""

    def __init__(self, runner: StepsRunner, session: Session) -> None:
        self._runner = runner
        self._session = session

    def get(self, refs: Sequence[Ref], query: Query[Any]) -> Sequence[TaskRecord]:
        """`hvlib.driver.Adapter.get`."""
        own = self._runner.records(query, refs)
        others = [ref for ref in refs if ref not in own]
        return [*own.values(), *(self._session.adapters[TaskRecord].get(others, query) if others else ())]
