"""Live migrations: outcomes by nova's own record of the migration, and their cancellation.

The instance action does not tell: a host that can't take the server leaves an error there though the next one takes it,
and a migration that broke off on its way leaves none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hvlib.errors import InvalidState, PermissionDenied
from hvlib.resources import VM
from hvlib_openstack.errors import failure
from hvlib_openstack.instance_actions import actions_since
from hvlib_openstack.outcome import RUNNING, Outcome, State, server_outcome

if TYPE_CHECKING:
    from hvlib_openstack.operation import Operation
    from hvlib_openstack.session import OpenStackSession

__all__ = ["LIVE_MIGRATION", "cancel_live_migration", "live_migration_outcome"]

LIVE_MIGRATION = "live-migration"

DONE = frozenset({"completed", "done"})
BROKEN_OFF = "the migration broke off, and the server runs where it was"
FAILED = frozenset({"error", "failed"})


class Migration(msgspec.Struct):
    id: int
    status: str


def live_migration_outcome(session: OpenStackSession, operation: Operation, server: State | None) -> Outcome:
    """Where a live migration is: two more round trips once nothing is under way on the server."""
    outcome = server_outcome(session, operation, server)
    if outcome.state == "running" or server is None:
        return outcome
    migration = _migration(session, operation)
    if migration is None:
        return outcome
    if migration.status in DONE:
        return Outcome("succeeded", 1.0, result=session.context.ref(VM, operation.target))
    if migration.status == "cancelled":
        return Outcome("cancelled")
    if migration.status not in FAILED:
        return RUNNING
    return outcome if outcome.state == "failed" else Outcome("failed", error=failure(BROKEN_OFF))


def cancel_live_migration(session: OpenStackSession, operation: Operation) -> None:
    """DELETE /servers/ID/migrations/ID. Raises `InvalidState` if it has ended."""
    path, version = f"/servers/{operation.target}/migrations", session.current.compute
    under_way = session.compute.get(path, version=version).read(dict[str, list[Migration]])["migrations"]
    if not under_way:
        raise InvalidState("the live migration has ended")
    session.compute.delete(f"{path}/{under_way[0].id}", version)


def _migration(session: OpenStackSession, operation: Operation) -> Migration | None:
    """The one of this request. Nova tells the newest first, and makes one for each request.

    None where that is nothing for this user, or forgotten.
    """
    later = [action for action in actions_since(session, operation)[1:] if action.action == LIVE_MIGRATION]
    asked = [("instance_uuid", operation.target), ("migration_type", LIVE_MIGRATION)]
    try:
        reply = session.compute.get("/os-migrations", asked, session.current.compute)
    except PermissionDenied:
        return None
    migrations = reply.read(dict[str, list[Migration]])["migrations"]
    return migrations[len(later)] if len(later) < len(migrations) else None
