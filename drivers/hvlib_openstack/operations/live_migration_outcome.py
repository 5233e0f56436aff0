"""Live migrations: outcomes by nova's own record of the migration, and their cancellation.

The instance action does not show the outcome: a host that can't take the server leaves an error there even if the next
host takes it, and a migration that broke off midway leaves none.
"""

from __future__ import annotations

import msgspec

from hvlib.model.errors import InvalidQuery, InvalidState, PermissionDenied
from hvlib.model.resources import VM
from hvlib_openstack.errors import failure
from hvlib_openstack.operations.instance_actions import actions_since
from hvlib_openstack.operations.operation import Operation
from hvlib_openstack.operations.server_outcome import RUNNING, Outcome, State, server_outcome
from hvlib_openstack.wire.client import Client

__all__ = ["LIVE_MIGRATION", "cancel_live_migration", "live_migration_outcome"]

LIVE_MIGRATION = "live-migration"

DONE = frozenset({"completed", "done"})
BROKEN_OFF = "the migration broke off, and the server runs where it was"
FAILED = frozenset({"error", "failed"})
ENDS = DONE | FAILED | {"cancelled"}


class Migration(msgspec.Struct):
    id: int
    status: str


def live_migration_outcome(client: Client, operation: Operation, server: State | None) -> Outcome:
    """The outcome of a live migration: two more round trips once nothing is under way on the server."""
    outcome = server_outcome(client, operation, server)
    if outcome.state == "running" or server is None:
        return outcome
    migration = _migration(client, operation)
    if migration is None:
        return outcome
    if migration.status in DONE:
        return Outcome("succeeded", 1.0, result=client.context.ref(VM, operation.target))
    if migration.status == "cancelled":
        return Outcome("cancelled")
    if migration.status not in FAILED:
        return RUNNING
    return outcome if outcome.state == "failed" else Outcome("failed", error=failure(BROKEN_OFF))


def cancel_live_migration(client: Client, operation: Operation) -> None:
    """DELETE /servers/ID/migrations/ID, after two reads that find the migration. Raises `InvalidState` if it has ended,
    or if nova has only accepted it yet: then it can be cancelled a moment later.
    """
    migration = _migration(client, operation)
    if migration is None:
        raise InvalidState("nova shows no such live migration: it has not begun yet, or its record is gone")
    if migration.status in ENDS:
        raise InvalidState("the live migration has ended")
    path = f"/servers/{operation.target}/migrations/{migration.id}"
    try:
        client.compute.delete(path, client.login.compute)
    except (InvalidState, InvalidQuery) as error:
        raise InvalidState(f"the live migration can't be cancelled while it is {migration.status}") from error


def _migration(client: Client, operation: Operation) -> Migration | None:
    """Nova's record of this request's migration. Nova makes one record for each request, and lists the newest first.

    None if this user may not see the record, or if nova no longer has it.
    """
    later = [action for action in actions_since(client, operation)[1:] if action.action == LIVE_MIGRATION]
    parameters = [("instance_uuid", operation.target), ("migration_type", LIVE_MIGRATION)]
    try:
        reply = client.compute.get("/os-migrations", parameters, client.login.compute)
    except PermissionDenied:
        return None
    migrations = reply.read(dict[str, list[Migration]])["migrations"]
    return migrations[len(later)] if len(later) < len(migrations) else None
