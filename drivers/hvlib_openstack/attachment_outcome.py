"""Outcomes of attachments: by the steps of nova's own record of the request.

Unlike other operations they leave no mark on the server while they run, nor does nova count them as a change of it. So
each is asked for by itself.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from hvlib.errors import NotFound
from hvlib.resources import VM, Failure
from hvlib_openstack.attachment import detach_port, ports_on
from hvlib_openstack.errors import failure
from hvlib_openstack.instance_actions import action_of, actions_since
from hvlib_openstack.outcome import RUNNING, Outcome, state_of

if TYPE_CHECKING:
    from hvlib_openstack.operation import Operation
    from hvlib_openstack.session import OpenStackSession

__all__ = ["ATTACHMENTS", "attachment_outcome"]

DETACH_PORT = "detach_interface"
ATTACHMENTS = frozenset({"attach_volume", "detach_volume", DETACH_PORT})


def attachment_outcome(session: OpenStackSession, operation: Operation) -> Outcome:
    """Where it is: one round trip. What detaches a network goes on with the next port, as `outcome` does it."""
    if operation.name != DETACH_PORT:
        return _requested(session, operation, operation.request)
    outcome = _requested(session, operation, _last_port(session, operation))
    if outcome.state != "succeeded":
        return outcome
    left = ports_on(session, operation.target, operation.goal)
    if not left:
        return outcome
    with suppress(NotFound):  # Another process has taken this step meanwhile.
        detach_port(session, operation.target, left[0])
    return RUNNING


def _requested(session: OpenStackSession, operation: Operation, request: str) -> Outcome:
    """By the steps of one request."""
    action = action_of(session, operation.target, request)
    if action is None and state_of(session, operation.target) is None:
        return Outcome("failed", error=Failure("NotFound", "the server is gone"))
    if action is None or not action.over:
        return RUNNING
    if action.failed:
        return Outcome("failed", error=failure(action.details or f"{operation.name} failed"))
    return Outcome("succeeded", 1.0, result=session.context.ref(VM, operation.target))


def _last_port(session: OpenStackSession, operation: Operation) -> str:
    """The request that detached the port that was the last so far."""
    later = [action.request_id for action in actions_since(session, operation) if action.action == DETACH_PORT]
    return later[-1] if later else operation.request
