"""Cloning: a snapshot of a server, a server of that, and the snapshot's end.

The snapshot is begun when the clone is asked for; the rest is done when the task is looked at, as `outcome` does it.
The new server is known by its image, which is nobody else's.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec

from hvlib.errors import HvlibError, NotFound
from hvlib.resources import ENDED, VM, Failure
from hvlib_openstack.errors import REFUSED, refused
from hvlib_openstack.joins import NETWORKS
from hvlib_openstack.operation import Operation
from hvlib_openstack.outcome import GONE, RUNNING, Outcome, State, server_outcome
from hvlib_openstack.paging import pages
from hvlib_openstack.removal import remove_snapshot
from hvlib_openstack.sizes import named_size

if TYPE_CHECKING:
    from hvlib_openstack.session import OpenStackSession

__all__ = ["clone_outcome"]

LOST = frozenset({"killed", "deleted", "pending_delete"})


class Picture(msgspec.Struct):
    status: str


class Size(msgspec.Struct):
    original_name: str


class Original(msgspec.Struct):
    flavor: Size


def clone_outcome(session: OpenStackSession, operation: Operation, server: State | None) -> Outcome:
    """Where a clone is, by the server that was made of the image; where there is none yet, by the image."""
    clone = _clone(session, operation.made)
    if clone is None:
        return _before(session, operation, server)
    if clone.status == "BUILD" or clone.task_state is not None:
        return RUNNING
    outcome = server_outcome(session, _stopping(session, clone, operation), clone)
    if outcome.state in ENDED:
        _forget(session, operation.made)
    if outcome.state == "succeeded":
        return Outcome("succeeded", 1.0, result=session.context.ref(VM, clone.id))
    return outcome


def _before(session: OpenStackSession, operation: Operation, server: State | None) -> Outcome:
    snapshot = msgspec.structs.replace(operation, name="createImage", made="")
    taken = server_outcome(session, snapshot, server)
    if taken.state != "succeeded":
        return taken
    try:
        picture = session.service("image").get(f"/images/{operation.made}").read(Picture)
    except NotFound:
        picture = Picture("deleted")
    if picture.status in LOST:
        return Outcome("failed", error=Failure("TaskFailed", "the snapshot that was to be cloned is gone"))
    return _create(session, operation) if picture.status == "active" else RUNNING


def _create(session: OpenStackSession, operation: Operation) -> Outcome:
    """A server like the original, of its snapshot: looks at the original, and POST /servers."""
    try:
        session.compute.post("/servers", {"server": _like(session, operation)}, session.current.compute)
    except REFUSED as error:
        _forget(session, operation.made)
        return Outcome("failed", error=refused(error))
    return RUNNING


def _like(session: OpenStackSession, operation: Operation) -> dict[str, Any]:
    version = session.current.compute
    original = session.compute.get(f"/servers/{operation.target}", version=version).read(dict[str, Original])["server"]
    networks = NETWORKS.read(session, [operation.target]).get(operation.target, ())
    return {
        "name": operation.label,
        "imageRef": operation.made,
        "flavorRef": named_size(session, original.flavor.original_name).id,
        "networks": [{"uuid": network} for network in networks] or "none",
    }


def _clone(session: OpenStackSession, image: str) -> State | None:
    """The server that was made of an image."""
    asked = [("image", image), *([("all_tenants", "1")] if session.all_projects else [])]
    version = session.current.compute
    found = pages(session.compute, "/servers/detail", "servers", parameters=asked, type=State, version=version)
    return next((server for page in found for server in page.items if server.status not in GONE), None)


def _stopping(session: OpenStackSession, clone: State, operation: Operation) -> Operation:
    """The clone's own creation, after which it is to be off."""
    reply = session.compute.get(f"/servers/{clone.id}/os-instance-actions", version=session.current.compute)
    requests = [action["request_id"] for action in reply.json()["instanceActions"] if action["action"] == "create"]
    return Operation("create", clone.id, requests[-1] if requests else "", operation.begun, goal="off")


def _forget(session: OpenStackSession, image: str) -> None:
    """The image has served. One that the backend can't do without stays."""
    with suppress(HvlibError):
        remove_snapshot(session, image)
