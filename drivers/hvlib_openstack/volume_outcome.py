"""Outcomes of operations on volumes: by their status, and what cinder says where that tells of an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hvlib.errors import HvlibError, NotFound
from hvlib.resources import Failure, Volume
from hvlib_openstack.errors import failure
from hvlib_openstack.outcome import RUNNING, Outcome
from hvlib_openstack.service import Version

if TYPE_CHECKING:
    from hvlib_openstack.operation import Operation
    from hvlib_openstack.session import OpenStackSession

__all__ = ["VOLUME_OPERATIONS", "volume_outcome"]

VOLUME_OPERATIONS = frozenset({"create-volume", "extend-volume", "delete-volume"})

READY = frozenset({"available", "in-use"})

MESSAGES = Version(3, 5)
"""The first microversion in which cinder says why something failed."""


class Disk(msgspec.Struct):
    status: str
    size: int


def volume_outcome(session: OpenStackSession, operation: Operation) -> Outcome:
    """Where an operation on a volume is: one round trip, and one for the reason of a failure."""
    try:
        reply = session.service("block-storage").get(f"/volumes/{operation.target}")
    except NotFound:
        gone = Failure("NotFound", "the volume is gone")
        return Outcome("succeeded", 1.0) if operation.name == "delete-volume" else Outcome("failed", error=gone)
    disk = reply.read(dict[str, Disk])["volume"]
    if disk.status.startswith("error"):
        return Outcome("failed", error=failure(_reason(session, operation) or f"the volume is in {disk.status}"))
    if disk.status not in READY:
        return RUNNING
    if operation.name == "delete-volume":
        return Outcome("failed", error=failure(_reason(session, operation) or "the volume is still there"))
    if operation.goal and disk.size != int(operation.goal):
        return Outcome("failed", error=failure(_reason(session, operation) or "the volume has its size of before"))
    return Outcome("succeeded", 1.0, result=session.context.ref(Volume, operation.target))


def _reason(session: OpenStackSession, operation: Operation) -> str:
    """What cinder's messages say of a volume, the newest first."""
    try:
        reply = session.service("block-storage").get(
            "/messages", [("resource_uuid", operation.target), ("sort", "created_at:desc")], MESSAGES
        )
    except HvlibError:
        return ""
    return next((str(each["user_message"]) for each in reply.json()["messages"]), "")
