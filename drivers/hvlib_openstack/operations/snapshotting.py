"""Snapshots of servers: nova writes a server's disk to an image, and an image back to the server's disk."""

from __future__ import annotations

from hvlib.driver import Started
from hvlib.model.errors import InvalidQuery, Unsupported
from hvlib.model.resources import Snapshot
from hvlib_openstack.operations.operation import act_on_server, started
from hvlib_openstack.wire.client import Client

__all__ = ["SNAPSHOT", "revert_server", "take_snapshot"]

SNAPSHOT = "snapshot"
"""The ``image_type`` of images that nova makes of servers."""


def take_snapshot(client: Client, server: str, name: str) -> Started:
    """The action createImage."""
    # The metadata mark the image as a snapshot: nova does not do so where the server's disk is a volume.
    image = {"name": name, "metadata": {"image_type": SNAPSHOT, "instance_uuid": server}}
    reply = client.compute.post(f"/servers/{server}/action", {"createImage": image}, client.login.compute)
    made = client.context.ref(Snapshot, str(reply.json()["image_id"]))
    return started(client, reply, "createImage", server, made=made)


def revert_server(client: Client, server: str, snapshot: str) -> Started:
    """The action rebuild, after a check whose snapshot it is. Nova restores the disk, not size and power state."""
    picture = client.service("image").get(f"/images/{snapshot}").json()
    if picture.get("instance_uuid") != server:
        raise InvalidQuery(f"{snapshot} is no snapshot of the server {server}")
    if "block_device_mapping" in picture:  # The image itself is empty, and nova would write that to the disk.
        raise Unsupported(
            f"the server {server} runs from a volume: nova can't restore that", hint="create a VM from the snapshot"
        )
    return act_on_server(client, server, "rebuild", {"rebuild": {"imageRef": snapshot}})
