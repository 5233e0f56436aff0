"""Tasks: operations on servers and volumes, by the services' own records of them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from hvlib import actions
from hvlib.driver import Adapter, Done, Page, PageToken, action
from hvlib.errors import InvalidState, NotFound, Unsupported
from hvlib.query import Query
from hvlib.ref import Ref
from hvlib.resources import ENDED, VM, Resource, TaskRecord, Volume
from hvlib_openstack.cloning import clone_outcome
from hvlib_openstack.operation import Operation
from hvlib_openstack.outcome import Outcome, State, server_outcome, state_of
from hvlib_openstack.paging import pages
from hvlib_openstack.volume_outcome import VOLUME_OPERATIONS, volume_outcome

if TYPE_CHECKING:
    from hvlib_openstack.session import OpenStackSession

__all__ = ["Tasks"]

OVERLAP = 5
"""Seconds by which the clocks of nova's hosts may differ."""

NO_LIST = "OpenStack lists no operations across servers"
HINT = "wait for the task that an action returned, or get it by its ref"


class Tasks(Adapter[TaskRecord]):
    """What was asked of servers and volumes, here or in another process.

    A task that is looked at goes on: where an operation takes several requests, the next one is sent then
    (`hvlib_openstack.outcome`).
    """

    kind: ClassVar[type[TaskRecord]] = TaskRecord
    fields = frozenset(
        {"uuid", "name_label", "created_at", "operation", "state"}
        | {"progress", "target", "started_at", "error", "result"}
    )

    def __init__(self, session: OpenStackSession) -> None:
        self.session = session
        self._ended: dict[str, Outcome] = {}
        self._looking = threading.Lock()

    def page(self, query: Query[TaskRecord], after: PageToken | None) -> Page[TaskRecord]:  # noqa: ARG002
        """Raises `Unsupported`."""
        raise Unsupported(NO_LIST, hint=HINT)

    def lookup(self, field: str, value: str, query: Query[TaskRecord]) -> Sequence[TaskRecord]:  # noqa: ARG002
        """Raises `Unsupported`."""
        raise Unsupported(NO_LIST, hint=HINT)

    def get(self, refs: Sequence[Ref], query: Query[TaskRecord]) -> Sequence[TaskRecord]:
        """GET of a server, of several those that have changed; and the records of what has ended.

        What has ended was looked up once, and does not change: it is not asked for again.
        """
        operations = {ref: operation for ref in refs if (operation := _operation(ref)) is not None}
        with self._looking:  # Two threads must not take the same step.
            pending = {each.id: each for each in operations.values() if each.id not in self._ended}
            outcomes = {**self._ended, **self._outcomes(pending.values())}
            self._ended.update((id, outcome) for id, outcome in outcomes.items() if outcome.state in ENDED)
        make = self.session.context.ref
        return [
            query.build(make(TaskRecord, each.id), self._values(each, outcomes[each.id]))
            for each in operations.values()
        ]

    @action(actions.Cancel)
    def cancel(self, task: Ref, cancel: actions.Cancel) -> Done:  # noqa: ARG002
        """DELETE of a live migration that is under way; nova can cancel nothing else. `InvalidState` then."""
        operation = Operation.of(task.id)
        path = f"/servers/{operation.target}/migrations"
        if operation.name == "live-migration":
            reply = self.session.compute.get(path, version=self.session.current.compute)
            running = [each["id"] for each in reply.json()["migrations"]]
            if running:
                self.session.compute.delete(f"{path}/{running[0]}", self.session.current.compute)
                return Done(task)
        raise InvalidState(f"{operation.name} has ended, or can't be cancelled: nova cancels live migrations alone")

    def _outcomes(self, operations: Iterable[Operation]) -> dict[str, Outcome]:
        volumes = [each for each in operations if each.name in VOLUME_OPERATIONS]
        others = [each for each in operations if each.name not in VOLUME_OPERATIONS]
        states = self._states(others)
        found = {each.id: volume_outcome(self.session, each) for each in volumes}
        for each in others:
            follow = clone_outcome if each.name == "clone" else server_outcome
            found[each.id] = follow(self.session, each, states[each.target])
        return found

    def _states(self, operations: Sequence[Operation]) -> Mapping[str, State | None]:
        """The servers' states: of one it is asked, of several those that have changed are listed."""
        servers = dict.fromkeys(each.target for each in operations)
        told: dict[str, State] = {}
        if len(servers) > 1:
            begun = datetime.fromtimestamp(min(each.begun for each in operations) - OVERLAP, UTC)
            asked = [("changes-since", f"{begun:%Y-%m-%dT%H:%M:%SZ}"), *self.session.adapter(VM).everything()]
            version = self.session.current.compute
            changed = pages(
                self.session.compute, "/servers/detail", "servers", parameters=asked, type=State, version=version
            )
            told = {server.id: server for page in changed for server in page.items}
        return {id: told[id] if id in told else state_of(self.session, id) for id in servers}

    def _values(self, operation: Operation, outcome: Outcome) -> dict[str, object]:
        begun = datetime.fromtimestamp(operation.begun, UTC)
        kind: type[Resource] = Volume if operation.name in VOLUME_OPERATIONS else VM
        return {
            "uuid": operation.request.removeprefix("req-"),
            "name_label": operation.name,
            "operation": operation.name,
            "created_at": begun,
            "started_at": begun,
            "target": self.session.context.ref(kind, operation.target),
            "state": outcome.state,
            "progress": outcome.progress,
            "error": outcome.error,
            "result": outcome.result,
        }


def _operation(ref: Ref) -> Operation | None:
    try:
        return Operation.of(ref.id)
    except NotFound:
        return None
