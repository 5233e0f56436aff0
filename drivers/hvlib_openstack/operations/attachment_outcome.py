"""Outcomes of attachments, by the steps in nova's own record of the request.

Unlike other operations, an attachment does not show on the server while it runs, and nova does not count it as a change
of the server. So each record is read by itself.
"""

from __future__ import annotations

from hvlib.model.errors import NotFound
from hvlib.model.resources import VM
from hvlib.model.task import Failure
from hvlib_openstack.errors import failure
from hvlib_openstack.operations.attachment import DETACH_PORT, ports_of
from hvlib_openstack.operations.instance_actions import InstanceAction, action_of
from hvlib_openstack.operations.operation import Operation
from hvlib_openstack.operations.server_outcome import RUNNING, Outcome, state_of
from hvlib_openstack.wire.client import Client

__all__ = ["attachment_outcome"]


def attachment_outcome(client: Client, operation: Operation) -> Outcome:
    """The outcome of an attachment: one round trip; for a port that is detached, two at the end."""
    action = action_of(client, operation.target, operation.request)
    if action is None and state_of(client, operation.target) is None:
        return Outcome("failed", error=Failure("NotFound", "the server is gone"))
    if action is None or not action.over:
        return RUNNING
    if operation.name == DETACH_PORT:
        return _detached(client, operation, action)
    if action.failed:
        return _failed(operation, action)
    return _succeeded(client, operation)


def _detached(client: Client, operation: Operation, action: InstanceAction) -> Outcome:
    """The outcome by the server's ports: a request to detach a port that is gone is not a failure."""
    try:
        ports = {port.port_id for port in ports_of(client, operation.target)}
    except NotFound:
        ports = set()
    if operation.goal not in ports:
        return _succeeded(client, operation)
    return _failed(operation, action) if action.failed else RUNNING


def _succeeded(client: Client, operation: Operation) -> Outcome:
    return Outcome("succeeded", 1.0, result=client.context.ref(VM, operation.target))


def _failed(operation: Operation, action: InstanceAction) -> Outcome:
    return Outcome("failed", error=failure(action.details or f"{operation.name} failed"))
