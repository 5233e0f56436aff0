"""Removal of what nova makes of a server: an image, and of a server with volumes their snapshots."""

from __future__ import annotations

import msgspec

from hvlib.driver import Done, Started
from hvlib.model.errors import HvlibError, NotFound, ProtocolError
from hvlib_openstack.errors import REFUSED, failure
from hvlib_openstack.operations.operation import Operation, started
from hvlib_openstack.operations.outcome import RUNNING, Outcome
from hvlib_openstack.wire.client import Client

__all__ = ["DELETE_SNAPSHOTS", "removal_outcome", "remove_snapshot"]

DELETE_SNAPSHOTS = "delete-snapshots"

SEPARATOR = ","
"""Between the identifiers of volumes' snapshots in a task's."""


class Picture(msgspec.Struct):
    block_device_mapping: str = "[]"


class Mapping(msgspec.Struct):
    snapshot_id: str | None = None


class VolumeSnapshot(msgspec.Struct):
    status: str


def remove_snapshot(client: Client, image: str) -> Done | Started:
    """DELETE /images/ID, then DELETE /snapshots/ID of each volume's snapshot that it tells of.

    Nobody else knows of those, and a volume that has one can't be deleted. The image goes first: where glance refuses,
    what it holds stays. Raises `NotFound`, `Conflict`, `PermissionDenied`.
    """
    glance = client.service("image")
    snapshots = _snapshots(glance.get(f"/images/{image}").read(Picture).block_device_mapping)
    reply = glance.delete(f"/images/{image}")
    refused = [error for snapshot in snapshots if (error := _delete(client, snapshot)) is not None]
    if refused:
        raise refused[0]
    if not snapshots:
        return Done()
    return started(client, reply, DELETE_SNAPSHOTS, image, goal=SEPARATOR.join(snapshots))


def removal_outcome(client: Client, operation: Operation) -> Outcome:
    """Where the removal of volumes' snapshots is: one round trip each."""
    for snapshot in filter(None, operation.goal.split(SEPARATOR)):
        try:
            reply = client.service("block-storage").get(f"/snapshots/{snapshot}")
        except NotFound:
            continue
        if reply.read(dict[str, VolumeSnapshot])["snapshot"].status == "error_deleting":
            return Outcome("failed", error=failure(f"the snapshot {snapshot} of a volume can't be deleted"))
        return RUNNING
    return Outcome("succeeded", 1.0)


def _delete(client: Client, snapshot: str) -> HvlibError | None:
    """What a volume's snapshot is refused to be deleted with. One that is gone is what was wanted."""
    try:
        client.service("block-storage").delete(f"/snapshots/{snapshot}")
    except NotFound:
        return None
    except REFUSED as error:
        said = f"the image is gone, but not the snapshot {snapshot} of a volume: {error}"
        return type(error)(said, native=error.native)
    return None


def _snapshots(mapping: str) -> list[str]:
    try:
        told = msgspec.json.decode(mapping, type=list[Mapping])
    except msgspec.DecodeError as error:
        raise ProtocolError(f"an image whose volumes can't be read: {error}") from error
    return [each.snapshot_id for each in told if each.snapshot_id]
