"""Cloning: a snapshot of a server, a server of that, and the snapshot's end.

The snapshot is begun when the clone is asked for; the rest is done when the task is looked at, as `outcome` does it.
The new server is known by its image, which is nobody else's. Nova would make as many as it is asked for: who asks has a
claim (`claims`).
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec

from hvlib.driver import NotSent, Started
from hvlib.model.errors import HvlibError, NotFound, RateLimited
from hvlib.model.task import ENDED, Failure
from hvlib_openstack.errors import REFUSED, refused
from hvlib_openstack.joins import NETWORKS
from hvlib_openstack.operations.claims import Claims
from hvlib_openstack.operations.flavors import named_size
from hvlib_openstack.operations.operation import Operation, before_all, started
from hvlib_openstack.operations.outcome import OFF, RUNNING, Outcome, State, server_outcome
from hvlib_openstack.operations.removal import remove_snapshot
from hvlib_openstack.operations.snapshotting import begin_image
from hvlib_openstack.paging import pages
from hvlib_openstack.scope import server_scope
from hvlib_openstack.wire.client import Client

__all__ = ["CLONE", "clone_outcome", "clone_server"]

CLONE = "clone"

LOST = frozenset({"killed", "deleted", "pending_delete"})

CREATION_TIMEOUT = 300.0
"""Seconds after which a server that was asked for does not come any more."""


class Picture(msgspec.Struct):
    status: str


class Size(msgspec.Struct):
    original_name: str


class Original(msgspec.Struct):
    flavor: Size


def clone_server(client: Client, server: str, name: str) -> Started:
    """The action createImage; a server of the image, os-stop and the image's deletion follow."""
    reply, image = begin_image(client, server, f"{name} (being cloned)")
    return started(client, reply, CLONE, server, made=image, label=name)


def clone_outcome(client: Client, claims: Claims, operation: Operation, server: State | None) -> Outcome:
    """The outcome of a clone, by the server that was made of the image; before there is one, by the image."""
    clone = _clone(client, operation)
    if clone is None:
        outcome = _before(client, claims, operation, server)
    elif clone.status == "BUILD" or clone.task_state is not None:
        return RUNNING
    else:
        outcome = server_outcome(client, _stopping(client, clone, operation), clone)
    if outcome.state in ENDED:
        _forget(client, claims, operation.made)
    return outcome


def _before(client: Client, claims: Claims, operation: Operation, server: State | None) -> Outcome:
    snapshot = msgspec.structs.replace(operation, name="createImage", made="")
    taken = server_outcome(client, snapshot, server)
    if taken.state != "succeeded":
        return taken
    try:
        picture = client.service("image").get(f"/images/{operation.made}").read(Picture)
    except NotFound:
        picture = Picture("deleted")
    if picture.status in LOST:
        return Outcome("failed", error=Failure("TaskFailed", "the snapshot that was to be cloned is gone"))
    return _create(client, claims, operation) if picture.status == "active" else RUNNING


def _create(client: Client, claims: Claims, operation: Operation) -> Outcome:
    """A server like the original, of its snapshot: looks at the original, a claim, and POST /servers."""
    try:
        server = _like(client, operation)
        if not claims.take(operation.made):
            return _awaited(claims, operation)
        _ask(client, claims, operation, server)
    except REFUSED as error:
        return Outcome("failed", error=refused(error))
    return RUNNING


def _ask(client: Client, claims: Claims, operation: Operation, server: dict[str, Any]) -> None:
    try:
        client.compute.post("/servers", {"server": server}, client.login.compute)
    except (NotSent, RateLimited):
        claims.give_back(operation.made)
        raise


def _awaited(claims: Claims, operation: Operation) -> Outcome:
    """The outcome while another process asks for the server, or this process has asked and got no answer."""
    if claims.age(operation.made) < CREATION_TIMEOUT:
        return RUNNING
    return Outcome("failed", error=Failure("TaskFailed", "the clone was asked for, and has not come into being"))


def _like(client: Client, operation: Operation) -> dict[str, Any]:
    version = client.login.compute
    original = client.compute.get(f"/servers/{operation.target}", version=version).read(dict[str, Original])["server"]
    networks = NETWORKS.read(client, [operation.target]).get(operation.target, ())
    return {
        "name": operation.label,
        "imageRef": operation.made,
        "flavorRef": named_size(client, original.flavor.original_name).id,
        "networks": [{"uuid": network} for network in networks] or "none",
    }


def _clone(client: Client, operation: Operation) -> State | None:
    """The server that was made of the image, even if it is gone. Users may have made others: the oldest counts."""
    asked = [("image", operation.made), ("changes-since", before_all([operation])), *server_scope(client)]
    version = client.login.compute
    found = pages(client.compute, "/servers/detail", "servers", parameters=asked, type=State, version=version)
    servers = [server for page in found for server in page.items]
    return servers[-1] if servers else None


def _stopping(client: Client, clone: State, operation: Operation) -> Operation:
    """The operation that creates the clone and then stops it."""
    reply = client.compute.get(f"/servers/{clone.id}/os-instance-actions", version=client.login.compute)
    requests = [action["request_id"] for action in reply.json()["instanceActions"] if action["action"] == "create"]
    return Operation("create", clone.id, requests[-1] if requests else "", operation.begun, goal=OFF)


def _forget(client: Client, claims: Claims, image: str) -> None:
    """Delete the image and the claim. An image that the backend can't do without stays."""
    with suppress(HvlibError):
        remove_snapshot(client, image)
    claims.end(image)
