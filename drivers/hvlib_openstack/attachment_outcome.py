"""Outcomes of attachments: by the steps of nova's own record of the request.

Unlike other operations they leave no mark on the server while they run, nor does nova count them as a change of it. So
each is asked for by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hvlib.model.errors import NotFound
from hvlib.model.resources import VM
from hvlib.model.task import Failure
from hvlib_openstack.attachment import SEPARATOR, ports_of
from hvlib_openstack.errors import failure
from hvlib_openstack.instance_actions import InstanceAction, action_of, actions_since
from hvlib_openstack.outcome import RUNNING, Outcome, state_of

if TYPE_CHECKING:
    from hvlib_openstack.operation import Operation
    from hvlib_openstack.session import OpenStackSession

__all__ = ["ATTACHMENTS", "attachment_outcome"]

DETACH_PORT = "detach_interface"
ATTACHMENTS = frozenset({"attach_volume", "detach_volume", DETACH_PORT})


def attachment_outcome(session: OpenStackSession, operation: Operation) -> Outcome:
    """Where it is: one round trip; of ports that are detached, two or three at the end."""
    action = action_of(session, operation.target, operation.request)
    if action is None and state_of(session, operation.target) is None:
        return Outcome("failed", error=Failure("NotFound", "the server is gone"))
    if action is None or not action.over:
        return RUNNING
    if operation.name == DETACH_PORT:
        return _detached(session, operation)
    if action.failed:
        return _failed(operation, action)
    return _succeeded(session, operation)


def _detached(session: OpenStackSession, operation: Operation) -> Outcome:
    """By the ports: nova takes several requests in any order, and one for a port that is gone already is no failure."""
    try:
        left = {port.port_id for port in ports_of(session, operation.target)} & set(operation.goal.split(SEPARATOR))
    except NotFound:
        left = set()
    if not left:
        return _succeeded(session, operation)
    first = msgspec.structs.replace(operation, request=operation.made)
    failed = [each for each in actions_since(session, first) if each.action == DETACH_PORT and each.failed]
    return _failed(operation, failed[0]) if failed else RUNNING


def _succeeded(session: OpenStackSession, operation: Operation) -> Outcome:
    return Outcome("succeeded", 1.0, result=session.context.ref(VM, operation.target))


def _failed(operation: Operation, action: InstanceAction) -> Outcome:
    return Outcome("failed", error=failure(action.details or f"{operation.name} failed"))
