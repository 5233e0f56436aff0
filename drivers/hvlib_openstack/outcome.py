"""Outcomes: what has become of operations on servers, by nova's own records; and the steps that are still to be taken.

Some operations take several requests, the next one only once the one before has come to its end: a resize is to be
confirmed, a server that is to be off is stopped once nova has built and started it. A driver does not wait. So the next
step is taken when the task is looked at. What was taken already, nova's records of the server tell, whoever took it: no
step is taken twice, and none after somebody else has done something to the server since.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
from msgspec import field

from hvlib.errors import Conflict, InvalidQuery, InvalidState, NotFound
from hvlib.ref import Ref
from hvlib.resources import VM, Failure, Snapshot, TaskState
from hvlib_openstack.errors import REFUSED, failure, refused
from hvlib_openstack.instance_actions import InstanceAction, action_of, actions_since

if TYPE_CHECKING:
    from hvlib_openstack.operation import Operation
    from hvlib_openstack.session import OpenStackSession

__all__ = ["GONE", "RUNNING", "Outcome", "State", "server_outcome", "state_of"]

GONE = frozenset({"DELETED", "SOFT_DELETED"})

UNDER_WAY = frozenset({"BUILD", "REBUILD", "REBOOT", "HARD_REBOOT", "MIGRATING", "PASSWORD", "RESIZE", "REVERT_RESIZE"})

CONFIRMED = frozenset({"resize", "migrate"})
"""Actions after which nova waits to be told that all is well."""

TAKEN = (InvalidState, Conflict, NotFound, InvalidQuery)
"""What nova refuses a step with that was taken already: a resize that is confirmed "has not been resized"."""

LOCKED = re.compile("is locked")

OFF = "off"
"""The goal of a server that is not to run."""


class Fault(msgspec.Struct):
    message: str = ""


class State(msgspec.Struct):
    """What tells how far an operation on a server is."""

    id: str
    status: str
    task_state: str | None = field(name="OS-EXT-STS:task_state", default=None)
    progress: int | None = None
    fault: Fault | None = None


class Outcome(msgspec.Struct, frozen=True):
    """Where an operation is."""

    state: TaskState
    progress: float | None = None
    error: Failure | None = None
    result: Ref | None = None


RUNNING = Outcome("running")


def state_of(session: OpenStackSession, server: str) -> State | None:
    """A server's; None if it is gone. One round trip."""
    try:
        reply = session.compute.get(f"/servers/{server}", version=session.current.compute)
    except NotFound:
        return None
    return reply.read(dict[str, State])["server"]


def server_outcome(session: OpenStackSession, operation: Operation, server: State | None) -> Outcome:
    """Where an operation on a server is. One round trip once nothing is under way there, another for each step left."""
    if server is None or server.status in GONE:
        gone = Failure("NotFound", "the server is gone")
        return Outcome("succeeded", 1.0) if operation.name == "delete" else Outcome("failed", error=gone)
    if server.task_state is not None or server.status in UNDER_WAY:
        return Outcome("running", None if server.progress is None else server.progress / 100)
    try:
        actions = actions_since(session, operation)
    except NotFound:
        return RUNNING  # It went this moment.
    if not actions:
        return _failed(_shown(server) or "the server failed") if server.status == "ERROR" else RUNNING
    return _settled(session, operation, server, actions)


def _settled(session: OpenStackSession, operation: Operation, server: State, actions: list[InstanceAction]) -> Outcome:
    """By the records of a server that nothing is done to."""
    own, *later = actions
    if own.failed or (operation.name == "create" and server.status == "ERROR"):
        return _failed(_reason(session, server, own))
    if operation.name in CONFIRMED:
        return _confirmed(session, operation, server, later)
    if operation.goal == OFF:
        return _off(session, operation, server, later)
    if operation.name == "delete":
        return _failed("the server is still there")
    return _succeeded(session, operation)


def _succeeded(session: OpenStackSession, operation: Operation) -> Outcome:
    made = session.context.ref(Snapshot, operation.made) if operation.made else None
    result = made or session.context.ref(VM, operation.target)
    return Outcome("succeeded", 1.0, result=result)


def _confirmed(session: OpenStackSession, operation: Operation, server: State, later: list[InstanceAction]) -> Outcome:
    """A new size or host is confirmed, unless somebody has decided already."""
    decided = [action for action in later if action.action in ("confirmResize", "revertResize")]
    if decided and decided[0].action == "revertResize":
        return Outcome("failed", error=Failure("TaskFailed", "it was reverted by somebody else"))
    if decided and decided[0].failed:
        return _failed(_reason(session, server, decided[0]))
    if server.status == "VERIFY_RESIZE":
        return RUNNING if decided else _take(session, operation.target, "confirmResize")
    if not decided:
        return _failed("the server is as it was before")
    return _succeeded(session, operation)


def _off(session: OpenStackSession, operation: Operation, server: State, later: list[InstanceAction]) -> Outcome:
    """A server that nova has started is stopped, unless somebody has done something to it already."""
    if not later and server.status == "ACTIVE":
        return _take(session, operation.target, "os-stop")
    if later and later[0].action == "stop" and later[0].failed:
        return _failed(_reason(session, server, later[0]))
    if [action.action for action in later] == ["stop"] and server.status == "ACTIVE":
        return RUNNING  # Another process took this step after the server was looked at.
    return _succeeded(session, operation)


def _take(session: OpenStackSession, server: str, step: str) -> Outcome:
    """Ask for the next step. Refused by the state, it was taken by another process meanwhile: the next look tells."""
    try:
        session.compute.post(f"/servers/{server}/action", {step: None}, session.current.compute)
    except REFUSED as error:
        taken = isinstance(error, TAKEN) and not LOCKED.search(str(error))
        return RUNNING if taken else Outcome("failed", error=refused(error))
    return RUNNING


def _reason(session: OpenStackSession, server: State, action: InstanceAction) -> str:
    """Why an action failed: what its steps say, else what the server shows."""
    told = action_of(session, server.id, action.request_id)
    return (told.details if told is not None else "") or _shown(server) or f"{action.action} failed"


def _shown(server: State) -> str:
    return server.fault.message if server.fault is not None else ""


def _failed(reason: str) -> Outcome:
    return Outcome("failed", error=failure(reason))
