"""Operations: begins a provider's actions, each in the way in which the driver carries it out."""

from __future__ import annotations

from typing import Any

from hvlib.driver import Done, Reached, Started
from hvlib.model.actions import Action
from hvlib.model.errors import InvalidState, NotFound
from hvlib.model.query import make_query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource
from hvlib.runtime.operation import Operation
from hvlib.runtime.planned import Planned
from hvlib.runtime.reached_task import ReachedTask
from hvlib.runtime.server_task import ServerTask
from hvlib.runtime.session_manager import SessionManager
from hvlib.runtime.shared_watch import SharedWatch
from hvlib.runtime.steps.own_tasks import OwnTasks
from hvlib.runtime.steps.runner import StepsRunner

__all__ = ["Operations"]


class Operations:
    """The operations of one provider.

    | shared: the watch that follows the objects that show the operations' progress
    | steps: runs the operations that take several requests
    """

    def __init__(self, manager: SessionManager, steps: int) -> None:
        self.manager = manager
        self.shared = SharedWatch(manager)
        self.steps = StepsRunner(self.shared, steps)
        manager.own_tasks = OwnTasks(self.steps)

    def begin(
        self, kind: type[Resource], target: Ref | None, action: Action, operation: str, *, dry_run: bool
    ) -> Operation:
        """Begin an action that the server has. Raises `Unsupported` for an option that the server does not have."""
        adapter = self.manager.adapter(kind)
        performer = adapter.performers[type(action)]
        performer.check(action)
        if dry_run:
            return Planned(self.shared, operation, target, action, None)
        if performer.steps:
            return self.steps.begin(adapter, operation, target, action)
        if target is not None and performer.only:
            self._check_state(kind, target, performer.only, action)
        outcome = self.manager.submit(kind, target, action)
        match outcome:
            case Started():
                return ServerTask(
                    self.shared, operation, target, action=action, ref=outcome.task, outcome=outcome.result
                )
            case Reached():
                return ReachedTask(self.shared, operation, target, action, outcome)
            case Done():
                return ServerTask(self.shared, operation, target, action=action, outcome=outcome.result)

    def _check_state(self, kind: type[Resource], ref: Ref, only: Any, action: Action) -> None:
        """Raise `InvalidState` unless the object has these values: one round trip."""
        query = make_query(kind, self.manager.adapter(kind).fields, fields=only.keys(), refs=[ref])
        records = self.manager.get(query, [ref])
        if not records:
            raise NotFound(f"no {kind.kind} {ref.id}")
        for name, wanted in only.items():
            value = getattr(records[0], name)
            if value != wanted:
                raise InvalidState(f"{kind.kind} {ref.id} is {value}: for {action.name} it must be {wanted}")
