"""Instance actions: nova's own record of the requests to a server."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hvlib.model.errors import NotFound
from hvlib_openstack.operations.operation import Operation
from hvlib_openstack.wire.client import Client

__all__ = ["CONFIRM", "REVERT", "Event", "InstanceAction", "action_of", "actions_of", "actions_since"]

ERROR = "Error"

CONFIRM, REVERT = "confirmResize", "revertResize"
"""The actions that end a server's move to another size or host."""


class Event(msgspec.Struct):
    """A step of an action. ``result`` and ``finish_time`` are None until it is over."""

    event: str
    result: str | None = None
    finish_time: datetime | None = None
    details: str | None = None


class InstanceAction(msgspec.Struct):
    """One request to a server. ``events``: only if it was read by itself; complete only for administrators."""

    action: str
    request_id: str
    message: str | None = None
    start_time: datetime | None = None
    events: list[Event] = []

    @property
    def failed(self) -> bool:
        """Whether a step of the action has failed."""
        return self.message == ERROR or any(event.result == ERROR for event in self.events)

    @property
    def details(self) -> str:
        """The reason why a step of the action has failed; "" if nova does not show it to this user."""
        return next((event.details for event in self.events if event.result == ERROR and event.details), "")

    @property
    def over(self) -> bool:
        """Whether every step that has begun is over."""
        return bool(self.events) and all(event.finish_time is not None for event in self.events)


def actions_of(client: Client, server: str) -> list[InstanceAction]:
    """The records of the requests to a server, the newest first. One round trip."""
    reply = client.compute.get(f"/servers/{server}/os-instance-actions", version=client.login.compute)
    return reply.read(dict[str, list[InstanceAction]])["instanceActions"]


def actions_since(client: Client, operation: Operation) -> list[InstanceAction]:
    """The records of an operation and of later requests to the server, the oldest first; [] if there is none yet.

    One round trip.
    """
    actions = actions_of(client, operation.target)
    requests = [action.request_id for action in actions]
    if operation.request not in requests:
        return []
    return actions[: requests.index(operation.request) + 1][::-1]


def action_of(client: Client, server: str, request: str) -> InstanceAction | None:
    """One action with its steps; None if nova has no record of it. One round trip."""
    path = f"/servers/{server}/os-instance-actions/{request}"
    try:
        reply = client.compute.get(path, version=client.login.compute)
    except NotFound:
        return None
    return reply.read(dict[str, InstanceAction])["instanceAction"]
