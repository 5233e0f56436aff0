"""Outcomes of operations on servers, by nova's own records of the requests."""

from __future__ import annotations

import msgspec
from msgspec import field

from hvlib.model.errors import NotFound
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Snapshot
from hvlib.model.task import Failure, TaskState
from hvlib_openstack.errors import failure
from hvlib_openstack.operations.instance_actions import CONFIRM, REVERT, InstanceAction, action_of, actions_since
from hvlib_openstack.operations.operation import Operation
from hvlib_openstack.wire.client import Client

__all__ = ["AWAITS_CONFIRMATION", "RUNNING", "Outcome", "State", "server_outcome", "state_of", "status_of"]

GONE = frozenset({"DELETED", "SOFT_DELETED"})

UNDER_WAY = frozenset({"BUILD", "REBUILD", "REBOOT", "HARD_REBOOT", "MIGRATING", "PASSWORD", "RESIZE", "REVERT_RESIZE"})

MOVES = frozenset({"resize", "migrate"})
"""Actions after which nova waits for a confirmation."""

AWAITS_CONFIRMATION = "VERIFY_RESIZE"
"""The status of a server while nova waits for a confirmation."""

SNAPSHOT = "createImage"

LOST = frozenset({"killed", "deleted", "pending_delete"})
"""Statuses of an image that will not become complete."""


class Fault(msgspec.Struct):
    message: str = ""


class GlanceImage(msgspec.Struct):
    status: str


class State(msgspec.Struct):
    """The fields of a server that show the progress of an operation on it."""

    id: str
    status: str
    task_state: str | None = field(name="OS-EXT-STS:task_state", default=None)
    progress: int | None = None
    fault: Fault | None = None


class Outcome(msgspec.Struct, frozen=True):
    """The state of an operation, and its result or error."""

    state: TaskState
    progress: float | None = None
    error: Failure | None = None
    result: Ref | None = None


RUNNING = Outcome("running")


def state_of(client: Client, server: str) -> State | None:
    """A server's state; None if it is gone. One round trip."""
    try:
        reply = client.compute.get(f"/servers/{server}", version=client.login.compute)
    except NotFound:
        return None
    return reply.read(dict[str, State])["server"]


def status_of(client: Client, server: str) -> str:
    """A server's status. Raises `NotFound` if it is gone. One round trip."""
    state = state_of(client, server)
    if state is None:
        raise NotFound(f"there is no server {server}")
    return state.status


def server_outcome(client: Client, operation: Operation, server: State | None) -> Outcome:
    """The outcome of an operation on a server.

    No round trip while something is under way on the server; then one, and one more for a snapshot and for the reason
    of a failure. If the server is gone: one, or none for a deletion.
    """
    if server is None or server.status in GONE:
        return _gone(client, operation)
    if server.task_state is not None or server.status in UNDER_WAY:
        return Outcome("running", None if server.progress is None else server.progress / 100)
    try:
        actions = actions_since(client, operation)
    except NotFound:
        return RUNNING  # The server was deleted just now.
    if not actions:
        return _failed(_fault_message(server) or "the server failed") if server.status == "ERROR" else RUNNING
    return _settled(client, operation, server, actions)


def _gone(client: Client, operation: Operation) -> Outcome:
    """The outcome if the server is gone. For a while nova still lists the requests to it."""
    if operation.name == "delete":
        return Outcome("succeeded", 1.0)
    own = action_of(client, operation.target, operation.request)
    if own is not None and own.failed:
        return _failed(own.details or f"{own.action} failed")
    if own is not None and own.over:
        return _succeeded(client, operation)
    return Outcome("failed", error=Failure("NotFound", "the server is gone"))


def _settled(client: Client, operation: Operation, server: State, actions: list[InstanceAction]) -> Outcome:
    """The outcome if nothing is under way any more, by nova's records of the requests."""
    own = actions[0]
    if own.failed or (operation.name == "create" and server.status == "ERROR"):
        return _failed(_reason(client, server, own))
    if operation.name in MOVES:
        return _moved(client, operation, server, actions[1:])
    if operation.name == SNAPSHOT:
        return _snapshot_outcome(client, operation)
    if operation.name == "delete":
        return _failed("the server is still there")
    return _succeeded(client, operation)


def _succeeded(client: Client, operation: Operation) -> Outcome:
    kind, id = (Snapshot, operation.made) if operation.name == SNAPSHOT else (VM, operation.target)
    result = client.context.ref(kind, id)
    return Outcome("succeeded", 1.0, result=result)


def _moved(client: Client, operation: Operation, server: State, later: list[InstanceAction]) -> Outcome:
    """The outcome of a new size or host: it is reached once nova waits for the confirmation, or has got it."""
    decided = [action.action for action in later if not action.failed]
    if server.status == AWAITS_CONFIRMATION or CONFIRM in decided:
        return _succeeded(client, operation)
    if REVERT in decided:
        return Outcome("failed", error=Failure("TaskFailed", "somebody else reverted the resize or migration"))
    return _failed("nova reports no error, but the server has its old size and host")


def _snapshot_outcome(client: Client, operation: Operation) -> Outcome:
    """The outcome of a snapshot: it can be used once glance has all of it. One round trip."""
    try:
        picture = client.service("image").get(f"/images/{operation.made}").read(GlanceImage)
    except NotFound:
        picture = GlanceImage("deleted")
    if picture.status in LOST:
        return Outcome("failed", error=Failure("TaskFailed", "the snapshot is gone"))
    return _succeeded(client, operation) if picture.status == "active" else RUNNING


def _reason(client: Client, server: State, action: InstanceAction) -> str:
    """The reason why an action failed: from its steps, else from the server."""
    detailed = action_of(client, server.id, action.request_id)
    return (detailed.details if detailed is not None else "") or _fault_message(server) or f"{action.action} failed"


def _fault_message(server: State) -> str:
    return server.fault.message if server.fault is not None else ""


def _failed(reason: str) -> Outcome:
    return Outcome("failed", error=failure(reason))
