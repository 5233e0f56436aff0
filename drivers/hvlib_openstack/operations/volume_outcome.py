"""Outcomes of operations on volumes: by the volume's status, and a failure's reason by cinder's messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from hvlib.model.errors import HvlibError, NotFound
from hvlib.model.resources import Volume
from hvlib.model.task import Failure
from hvlib_openstack.errors import failure
from hvlib_openstack.operations.operation import Operation
from hvlib_openstack.operations.server_outcome import RUNNING, Outcome
from hvlib_openstack.paging import pages
from hvlib_openstack.scope import volume_scope
from hvlib_openstack.version import Version
from hvlib_openstack.wire.client import Client

__all__ = ["VOLUME_OPERATIONS", "volume_outcome"]

VOLUME_OPERATIONS = frozenset({"create-volume", "extend-volume", "delete-volume"})

READY = frozenset({"available", "in-use"})

MAX_SINGLE_READS = 2
"""Up to how many volumes are read one by one."""

MESSAGES = Version(3, 5)
"""The first microversion in which cinder says why an operation failed."""


class Disk(msgspec.Struct):
    id: str
    status: str
    size: int


def volume_states(client: Client, operations: Sequence[Operation]) -> Mapping[str, Disk | None]:
    """The volumes' states: one or two volumes are read one by one; for more, pages are read until all are found.

    Cinder does not count the start of an operation as a change, so it can't be asked for the changed volumes.
    """
    wanted = dict.fromkeys(each.target for each in operations)
    disks: dict[str, Disk] = {}
    if len(wanted) > MAX_SINGLE_READS:
        parameters, cinder = volume_scope(client), client.service("block-storage")
        for page in pages(cinder, "/volumes/detail", "volumes", parameters=parameters, type=Disk):
            disks |= {disk.id: disk for disk in page.items if disk.id in wanted}
            if len(disks) == len(wanted):
                break
    return {id: disks[id] if id in disks else _state(client, id) for id in wanted}


def volume_outcome(client: Client, operation: Operation, disk: Disk | None) -> Outcome:
    """The outcome of an operation on a volume: one round trip for the reason of a failure, else none."""
    if disk is None:
        gone = Failure("NotFound", "the volume is gone")
        return Outcome("succeeded", 1.0) if operation.name == "delete-volume" else Outcome("failed", error=gone)
    if disk.status.startswith("error"):
        return Outcome("failed", error=failure(_reason(client, operation) or f"the volume is in {disk.status}"))
    if disk.status not in READY:
        return RUNNING
    if operation.name == "delete-volume":
        return Outcome("failed", error=failure(_reason(client, operation) or "the volume is still there"))
    if operation.goal.isdecimal() and disk.size < int(operation.goal):
        return Outcome("failed", error=failure(_reason(client, operation) or "the volume still has its old size"))
    return Outcome("succeeded", 1.0, result=client.context.ref(Volume, operation.target))


def _state(client: Client, volume: str) -> Disk | None:
    try:
        reply = client.service("block-storage").get(f"/volumes/{volume}")
    except NotFound:
        return None
    return reply.read(dict[str, Disk])["volume"]


def _reason(client: Client, operation: Operation) -> str:
    """The newest of cinder's messages about a volume."""
    try:
        reply = client.service("block-storage").get(
            "/messages", [("resource_uuid", operation.target), ("sort", "created_at:desc")], MESSAGES
        )
    except HvlibError:
        return ""
    return next((str(each["user_message"]) for each in reply.json()["messages"]), "")
