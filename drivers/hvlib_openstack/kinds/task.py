"""Tasks: operations on servers and volumes, by the services' own records of them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from hvlib.driver import Adapter, Done, Listing, PageToken, action
from hvlib.model import actions
from hvlib.model.errors import InvalidState, NotFound, Unsupported
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Resource, Snapshot, TaskRecord, Volume
from hvlib.model.task import ENDED
from hvlib_openstack.operations.attachment import ATTACHMENTS
from hvlib_openstack.operations.attachment_outcome import attachment_outcome
from hvlib_openstack.operations.claims import Claims
from hvlib_openstack.operations.cloning import CLONE, clone_outcome
from hvlib_openstack.operations.live_migration import LIVE_MIGRATION, cancel_live_migration, live_migration_outcome
from hvlib_openstack.operations.operation import Operation, before_all
from hvlib_openstack.operations.outcome import Outcome, State, server_outcome, state_of
from hvlib_openstack.operations.removal import DELETE_SNAPSHOTS, removal_outcome
from hvlib_openstack.operations.volume_outcome import VOLUME_OPERATIONS, volume_outcome, volume_states
from hvlib_openstack.paging import pages
from hvlib_openstack.scope import server_scope
from hvlib_openstack.wire.client import Client

__all__ = ["Tasks"]

ALONE = {**dict.fromkeys(ATTACHMENTS, attachment_outcome), DELETE_SNAPSHOTS: removal_outcome}
"""Functions that find the outcome of operations that are looked at one by one."""

TARGETS: Mapping[str, type[Resource]] = {**dict.fromkeys(VOLUME_OPERATIONS, Volume), DELETE_SNAPSHOTS: Snapshot}
"""Kinds of the objects that operations are on, where these are not servers."""

MAX_ENDED = 10_000
"""Outcomes that are remembered."""

NO_LIST = "OpenStack lists no operations across servers"
HINT = "wait for the task that an action returned, or get it by its ref"


class Tasks(Adapter[TaskRecord]):
    """Operations on servers and volumes, begun here or in another process.

    A task that is looked at goes on: where an operation takes several requests, the next one is sent then
    (`hvlib_openstack.operations.outcome`).
    """

    kind: ClassVar[type[TaskRecord]] = TaskRecord
    fields = frozenset(
        {"uuid", "name_label", "created_at", "operation", "state"}
        | {"progress", "target", "started_at", "error", "result"}
    )

    def __init__(self, client: Client) -> None:
        self.client = client
        self._claims = Claims(client)
        self._ended: Mapping[str, Outcome] = {}
        self._remembering = threading.Lock()

    def open(self, query: Query[TaskRecord], after: PageToken | None) -> Listing[TaskRecord]:  # noqa: ARG002
        """Raises `Unsupported`."""
        raise Unsupported(NO_LIST, hint=HINT)

    def lookup(self, field: str, value: str, query: Query[TaskRecord]) -> Sequence[TaskRecord]:  # noqa: ARG002
        """Raises `Unsupported`."""
        raise Unsupported(NO_LIST, hint=HINT)

    def get(self, refs: Sequence[Ref], query: Query[TaskRecord]) -> Sequence[TaskRecord]:
        """GET of a server, of several those that have changed; and the records of what has ended.

        Attachments are asked for one by one. The outcome of a task that has ended does not change: it is kept, so that
        a wait for many tasks does not ask for it again in each round.
        """
        operations = {ref: operation for ref in refs if (operation := _operation(ref)) is not None}
        ended = self._ended
        found = self._outcomes([each for each in operations.values() if each.id not in ended])
        self._remember(found)
        outcomes = {**ended, **found}
        make = self.client.context.ref
        return [
            query.build(make(TaskRecord, ref.id), self._values(operation, outcomes[operation.id]))
            for ref, operation in operations.items()
        ]

    @action(actions.Cancel)
    def cancel(self, task: Ref, cancel: actions.Cancel) -> Done:  # noqa: ARG002
        """DELETE of a live migration that is under way; nova can cancel nothing else. `InvalidState` then."""
        operation = Operation.of(task.id)
        if operation.name != LIVE_MIGRATION:
            raise InvalidState(f"{operation.name} can't be cancelled", hint="nova cancels live migrations alone")
        cancel_live_migration(self.client, operation)
        return Done(task)

    def _remember(self, found: Mapping[str, Outcome]) -> None:
        """Keep the outcomes of the tasks that ended last."""
        new = {id: outcome for id, outcome in found.items() if outcome.state in ENDED}
        with self._remembering:
            self._ended = dict([*self._ended.items(), *new.items()][-MAX_ENDED:])

    def _outcomes(self, operations: Sequence[Operation]) -> dict[str, Outcome]:
        volumes = [each for each in operations if each.name in VOLUME_OPERATIONS]
        others = [each for each in operations if each.name not in ALONE.keys() | VOLUME_OPERATIONS]
        disks, servers = volume_states(self.client, volumes), self._states(others)
        found = {each.id: ALONE[each.name](self.client, each) for each in operations if each.name in ALONE}
        found |= {each.id: volume_outcome(self.client, each, disks[each.target]) for each in volumes}
        return found | {each.id: self._outcome(each, servers[each.target]) for each in others}

    def _outcome(self, operation: Operation, server: State | None) -> Outcome:
        """The outcome of an operation on a server."""
        if operation.name == CLONE:
            return clone_outcome(self.client, self._claims, operation, server)
        outcome = live_migration_outcome if operation.name == LIVE_MIGRATION else server_outcome
        return outcome(self.client, operation, server)

    def _states(self, operations: Sequence[Operation]) -> Mapping[str, State | None]:
        """The servers' states: of one it is asked, of several those that have changed are listed."""
        servers = dict.fromkeys(each.target for each in operations)
        told: dict[str, State] = {}
        if len(servers) > 1:
            asked = [("changes-since", before_all(operations)), *server_scope(self.client)]
            version = self.client.login.compute
            changed = pages(
                self.client.compute, "/servers/detail", "servers", parameters=asked, type=State, version=version
            )
            told = {server.id: server for page in changed for server in page.items}
        return {id: told[id] if id in told else state_of(self.client, id) for id in servers}

    def _values(self, operation: Operation, outcome: Outcome) -> dict[str, object]:
        begun = datetime.fromtimestamp(operation.begun, UTC)
        kind = TARGETS.get(operation.name, VM)
        return {
            "uuid": operation.request.removeprefix("req-"),
            "name_label": operation.name,
            "operation": operation.name,
            "created_at": begun,
            "started_at": begun,
            "target": self.client.context.ref(kind, operation.target),
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
