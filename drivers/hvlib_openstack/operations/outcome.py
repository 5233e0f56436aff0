"""Outcomes of operations on servers, by nova's own records; and the steps that are still to be taken.

Some operations take several requests, the next one only once the one before has come to its end: a resize is to be
confirmed, a server that is to be off is stopped once nova has built and started it. A driver does not wait. So the next
step is taken when the task is looked at. Nova's records of the server tell which steps any process has taken: no step
is taken twice, and none after somebody else has done something to the server since.
"""

from __future__ import annotations

import re

import msgspec
from msgspec import field

from hvlib.model.errors import Conflict, HvlibError, InvalidQuery, InvalidState, NotFound
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Snapshot
from hvlib.model.task import Failure, TaskState
from hvlib_openstack.errors import REFUSED, failure, refused
from hvlib_openstack.operations.instance_actions import InstanceAction, action_of, actions_since
from hvlib_openstack.operations.operation import Operation
from hvlib_openstack.wire.client import Client

__all__ = ["OFF", "RUNNING", "Outcome", "State", "server_outcome", "state_of", "status_of"]

GONE = frozenset({"DELETED", "SOFT_DELETED"})

UNDER_WAY = frozenset({"BUILD", "REBUILD", "REBOOT", "HARD_REBOOT", "MIGRATING", "PASSWORD", "RESIZE", "REVERT_RESIZE"})

CONFIRMED = frozenset({"resize", "migrate"})
"""Actions after which nova waits to be told that all is well."""

TAKEN = (InvalidState, Conflict, NotFound, InvalidQuery)
"""Nova's refusals of a step that was taken already: a resize that is confirmed "has not been resized"."""

LOCKED = re.compile("is locked")

OFF = "off"
"""The goal of a server that is not to run."""

POWERED = frozenset({"start", "stop", "reboot", "pause", "suspend", "shelve", "rescue"})
"""Actions with which somebody has decided whether a server runs."""


class Fault(msgspec.Struct):
    message: str = ""


class State(msgspec.Struct):
    """The fields of a server that tell how far an operation on it is."""

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

    One round trip once nothing is under way there, another for each step left.
    """
    if server is None or server.status in GONE:
        return _gone(client, operation)
    if server.task_state is not None or server.status in UNDER_WAY:
        return Outcome("running", None if server.progress is None else server.progress / 100)
    try:
        actions = actions_since(client, operation)
    except NotFound:
        return RUNNING  # It went this moment.
    if not actions:
        return _failed(_shown(server) or "the server failed") if server.status == "ERROR" else RUNNING
    return _settled(client, operation, server, actions)


def _gone(client: Client, operation: Operation) -> Outcome:
    """The outcome where the server is gone. For a while nova still lists the requests to it."""
    if operation.name == "delete":
        return Outcome("succeeded", 1.0)
    own = action_of(client, operation.target, operation.request)
    if own is not None and own.failed:
        return _failed(own.details or f"{own.action} failed")
    if own is not None and own.over and _complete(operation, actions_since(client, operation)):
        return _succeeded(client, operation)
    return Outcome("failed", error=Failure("NotFound", "the server is gone"))


def _complete(operation: Operation, actions: list[InstanceAction]) -> bool:
    """Whether every step of an operation was taken."""
    done = {action.action for action in actions}
    if operation.name in CONFIRMED:
        return "confirmResize" in done
    return operation.goal != OFF or bool(done & POWERED)


def _settled(client: Client, operation: Operation, server: State, actions: list[InstanceAction]) -> Outcome:
    """The outcome by the records of a server on which nothing is under way."""
    own = actions[0]
    if own.failed or (operation.name == "create" and server.status == "ERROR"):
        return _failed(_reason(client, server, own))
    if operation.name in CONFIRMED:
        return _confirmed(client, operation, server, actions)
    if operation.goal == OFF:
        return _off(client, operation, server, actions)
    if operation.name == "delete":
        return _failed("the server is still there")
    return _succeeded(client, operation)


def _succeeded(client: Client, operation: Operation) -> Outcome:
    made = client.context.ref(Snapshot, operation.made) if operation.made else None
    result = made or client.context.ref(VM, operation.target)
    return Outcome("succeeded", 1.0, result=result)


def _confirmed(client: Client, operation: Operation, server: State, actions: list[InstanceAction]) -> Outcome:
    """Confirm a new size or host, unless somebody has decided already."""
    decided = [action for action in actions if action.action in ("confirmResize", "revertResize")]
    good = [action for action in decided if not action.failed]
    if decided and not good:
        return _failed(_reason(client, server, decided[0]))
    if good and good[0].action == "revertResize":
        return Outcome("failed", error=Failure("TaskFailed", "it was reverted by somebody else"))
    if server.status == "VERIFY_RESIZE":
        return RUNNING if good else _take(client, operation, "confirmResize", actions)
    if not good:
        return _failed("the server is as it was before")
    return _succeeded(client, operation)


def _off(client: Client, operation: Operation, server: State, actions: list[InstanceAction]) -> Outcome:
    """Stop a server that nova has started, unless somebody has decided already whether it runs."""
    decided = [action for action in actions if action.action in POWERED]
    if not decided and server.status == "ACTIVE":
        return _take(client, operation, "os-stop", actions)
    if decided and decided[0].action == "stop" and decided[0].failed:
        return _failed(_reason(client, server, decided[0]))
    if [action.action for action in decided] == ["stop"] and server.status == "ACTIVE":
        return RUNNING  # Another process took this step after the server was looked at.
    return _succeeded(client, operation)


def _take(client: Client, operation: Operation, step: str, actions: list[InstanceAction]) -> Outcome:
    """Ask for the next step of a server that these actions are known of."""
    try:
        client.compute.post(f"/servers/{operation.target}/action", {step: None}, client.login.compute)
    except REFUSED as error:
        return RUNNING if _moves(client, operation, error, len(actions)) else Outcome("failed", error=refused(error))
    return RUNNING


def _moves(client: Client, operation: Operation, error: HvlibError, known: int) -> bool:
    """Whether a step was refused for what goes on at the server, or because another process took it: then the next look
    tells. Two more round trips.
    """
    if not isinstance(error, TAKEN) or LOCKED.search(str(error)):
        return False
    server = state_of(client, operation.target)
    if server is None or server.task_state is not None or server.status in UNDER_WAY:
        return True
    return len(actions_since(client, operation)) > known


def _reason(client: Client, server: State, action: InstanceAction) -> str:
    """The reason why an action failed: from its steps, else from the server."""
    told = action_of(client, server.id, action.request_id)
    return (told.details if told is not None else "") or _shown(server) or f"{action.action} failed"


def _shown(server: State) -> str:
    return server.fault.message if server.fault is not None else ""


def _failed(reason: str) -> Outcome:
    return Outcome("failed", error=failure(reason))
