"""Tasks: operations on servers and volumes, by the services' own records of them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar, NamedTuple

from hvlib.driver import Adapter, Done, Listing, PageToken, action
from hvlib.driver.table import Field, RefTo, Table, itself
from hvlib.model import actions
from hvlib.model.errors import InvalidState, NotFound, Unsupported
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Resource, Snapshot, TaskRecord, Volume
from hvlib.model.task import ENDED
from hvlib_openstack.operations.attachment import ATTACHMENTS
from hvlib_openstack.operations.attachment_outcome import attachment_outcome
from hvlib_openstack.operations.live_migration_outcome import (
    LIVE_MIGRATION,
    cancel_live_migration,
    live_migration_outcome,
)
from hvlib_openstack.operations.operation import Operation, before_all
from hvlib_openstack.operations.removal import DELETE_SNAPSHOT, removal_outcome
from hvlib_openstack.operations.server_outcome import Outcome, State, server_outcome, state_of
from hvlib_openstack.operations.volume_outcome import VOLUME_OPERATIONS, volume_outcome, volume_states
from hvlib_openstack.paging import pages
from hvlib_openstack.scope import server_scope
from hvlib_openstack.wire.client import Client

__all__ = ["Tasks"]

SINGLE_OUTCOMES = {**dict.fromkeys(ATTACHMENTS, attachment_outcome), DELETE_SNAPSHOT: removal_outcome}
"""Functions that find the outcome of operations that are read one by one, by the operation's name."""

TARGETS: Mapping[str, type[Resource]] = {**dict.fromkeys(VOLUME_OPERATIONS, Volume), DELETE_SNAPSHOT: Snapshot}
"""Kinds of the objects that operations are on, if not servers, by the operation's name."""

MAX_ENDED = 10_000
"""How many outcomes of ended tasks are kept."""

NO_LIST = "OpenStack lists no operations across servers"
HINT = "wait for the task that an action returned, or get it by its ref"


class Row(NamedTuple):
    """The operation that a task's identifier names, and its outcome by the services' records."""

    operation: Operation
    outcome: Outcome


def moment(begun: int) -> datetime:
    """Convert seconds since 1970 to a time in UTC."""
    return datetime.fromtimestamp(begun, UTC)


def target(name: str, id: str) -> tuple[type[Resource], str]:
    """The kind and the identifier of the object that an operation is on."""
    return TARGETS.get(name, VM), id


TABLE = Table(
    TaskRecord,
    "operation",
    {
        "uuid": Field("operation.request", convert=lambda request: request.removeprefix("req-")),
        "name_label": Field("operation.name"),
        "created_at": Field("operation.begun", convert=moment),
        "operation": Field("operation.name"),
        "state": Field("outcome.state"),
        "progress": Field("outcome.progress"),
        "target": RefTo(itself, Field("operation.name", "operation.target", convert=target)),
        "started_at": Field("operation.begun", convert=moment),
        "error": Field("outcome.error"),
        "result": Field("outcome.result"),
    },
)


class Tasks(Adapter[TaskRecord]):
    """Operations on servers and volumes, of one request each, started here or in another process."""

    kind: ClassVar[type[TaskRecord]] = TaskRecord
    table = TABLE
    fields = TABLE.declared()

    def __init__(self, client: Client) -> None:
        self.client = client
        self._ended: Mapping[str, Outcome] = {}
        self._remembering = threading.Lock()

    def open(self, query: Query[TaskRecord], after: PageToken | None) -> Listing[TaskRecord]:  # noqa: ARG002
        """Raises `Unsupported`."""
        raise Unsupported(NO_LIST, hint=HINT)

    def lookup(self, field: str, value: str, query: Query[TaskRecord]) -> Sequence[TaskRecord]:  # noqa: ARG002
        """Raises `Unsupported`."""
        raise Unsupported(NO_LIST, hint=HINT)

    def get(self, refs: Sequence[Ref], query: Query[TaskRecord]) -> Sequence[TaskRecord]:
        """GET of one server, or of the servers that have changed; then of the records of operations that have ended.

        Attachments are read one by one. The outcome of a task that has ended does not change: it is kept, so that a
        wait for many tasks does not read it again in each round.
        """
        operations = {ref: operation for ref in refs if (operation := _operation(ref)) is not None}
        ended = self._ended
        found = self._outcomes([each for each in operations.values() if each.id not in ended])
        self._remember(found)
        outcomes = {**ended, **found}
        records = self.table.records(query, "row.{}".format, self.client.context, native=no_properties)
        return records.all((ref.id, Row(each, outcomes[each.id])) for ref, each in operations.items())

    @action(actions.Cancel)
    def cancel(self, task: Ref, _: actions.Cancel) -> Done:
        """DELETE of a live migration that is under way. `InvalidState` for other operations: nova can't cancel them."""
        operation = Operation.of(task.id)
        if operation.name != LIVE_MIGRATION:
            raise InvalidState(f"{operation.name} can't be cancelled", hint="nova can cancel only live migrations")
        cancel_live_migration(self.client, operation)
        return Done(task)

    def _remember(self, found: Mapping[str, Outcome]) -> None:
        """Keep the outcomes of the tasks that ended last."""
        new = {id: outcome for id, outcome in found.items() if outcome.state in ENDED}
        with self._remembering:
            self._ended = dict([*self._ended.items(), *new.items()][-MAX_ENDED:])

    def _outcomes(self, operations: Sequence[Operation]) -> dict[str, Outcome]:
        volumes = [each for each in operations if each.name in VOLUME_OPERATIONS]
        others = [each for each in operations if each.name not in SINGLE_OUTCOMES.keys() | VOLUME_OPERATIONS]
        disks, servers = volume_states(self.client, volumes), self._states(others)
        found = {
            each.id: SINGLE_OUTCOMES[each.name](self.client, each)
            for each in operations
            if each.name in SINGLE_OUTCOMES
        }
        found |= {each.id: volume_outcome(self.client, each, disks[each.target]) for each in volumes}
        return found | {each.id: self._outcome(each, servers[each.target]) for each in others}

    def _outcome(self, operation: Operation, server: State | None) -> Outcome:
        """The outcome of an operation on a server."""
        outcome = live_migration_outcome if operation.name == LIVE_MIGRATION else server_outcome
        return outcome(self.client, operation, server)

    def _states(self, operations: Sequence[Operation]) -> Mapping[str, State | None]:
        """The servers' states: one server is read; of several, the changed servers are listed and the others read."""
        servers = dict.fromkeys(each.target for each in operations)
        states: dict[str, State] = {}
        if len(servers) > 1:
            parameters = [("changes-since", before_all(operations)), *server_scope(self.client)]
            version = self.client.login.compute
            changed = pages(
                self.client.compute, "/servers/detail", "servers", parameters=parameters, type=State, version=version
            )
            states = {server.id: server for page in changed for server in page.items}
        return {id: states[id] if id in states else state_of(self.client, id) for id in servers}


def no_properties(_: Row) -> Mapping[str, object]:
    """A task has no native properties: no service has an object for it."""
    return {}


def _operation(ref: Ref) -> Operation | None:
    try:
        return Operation.of(ref.id)
    except NotFound:
        return None
