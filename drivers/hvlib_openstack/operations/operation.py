"""Operations on a server or a volume. A task's identifier holds everything that is needed to follow one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from hvlib.driver import Started
from hvlib.model.errors import NotFound, ProtocolError
from hvlib.model.ref import Ref
from hvlib.model.resources import TaskRecord
from hvlib_openstack.wire.client import Client
from hvlib_openstack.wire.reply import Reply

__all__ = ["Operation", "act_on_server", "before_all", "started", "stop_server"]

OVERLAP = 5
"""Seconds by which the clocks of a service's hosts may differ."""

SEPARATOR = ":"

FORM = re.compile(r"[\w.-]+/[\w.-]*/[0-9]{1,11}/[\w.-]*", re.ASCII)
"""The form of a target, a request, a time and a made object's identifier, which are put into paths."""


class Operation(msgspec.Struct, frozen=True):
    """One operation.

    | name: the service's word for the operation
    | target: the identifier of the server or volume
    | request: the service's identifier of the request
    | begun: when the service answered, by its clock, in seconds since 1970
    | goal: the state to reach, if the name does not say it
    | made: the identifier of the object that the operation makes, if it is known already
    """

    name: str
    target: str
    request: str
    begun: int
    goal: str = ""
    made: str = ""

    @property
    def id(self) -> str:
        """The identifier of the operation's task, by which another process can follow it."""
        parts = [getattr(self, field) for field in self.__struct_fields__]
        return SEPARATOR.join(quote(str(part), safe="") for part in parts)

    @classmethod
    def of(cls, id: str) -> Operation:
        """Read a task's identifier. Raises `NotFound` for any other text."""
        parts = [unquote(part) for part in id.split(SEPARATOR)]
        if len(parts) != len(cls.__struct_fields__) or not FORM.fullmatch("/".join([*parts[1:4], parts[5]])):
            raise NotFound(f"{id!r} is not a task of OpenStack")
        name, target, request, begun, *rest = parts
        return cls(name, target, request, int(begun), *rest)


def before_all(operations: Iterable[Operation]) -> str:
    """A time before all these operations, as the services write it."""
    moment = datetime.fromtimestamp(min(each.begun for each in operations) - OVERLAP, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def started(
    client: Client, reply: Reply, name: str, target: str, *, goal: str = "", made: Ref | None = None
) -> Started:
    """The task of an operation that a service has just accepted. `ProtocolError` if the reply has no identifier."""
    if not reply.request_id:
        raise ProtocolError(f"the reply to {name} has no request identifier: the operation can't be followed")
    begun = int(reply.date.timestamp())
    operation = Operation(name, target, reply.request_id, begun, goal, "" if made is None else made.id)
    return Started(client.context.ref(TaskRecord, operation.id), made)


def act_on_server(client: Client, server: str, name: str, body: Mapping[str, Any]) -> Started:
    """POST /servers/ID/action, which starts one operation."""
    reply = client.compute.post(f"/servers/{server}/action", body, client.login.compute)
    return started(client, reply, name, server)


def stop_server(client: Client, server: str) -> Started:
    """The action os-stop: nova asks the guest to shut down, and powers off a server that is still on after a minute."""
    return act_on_server(client, server, "stop", {"os-stop": None})
