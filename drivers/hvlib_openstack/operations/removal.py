"""Removal of servers, and of their snapshots: an image, and with it the snapshots of the server's volumes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hvlib.driver import Done, Started
from hvlib.model.errors import HvlibError, NotFound, ProtocolError, Unsupported
from hvlib.model.ref import Ref
from hvlib_openstack.errors import REFUSED, failure
from hvlib_openstack.operations.operation import Operation, started
from hvlib_openstack.operations.outcome import RUNNING, Outcome
from hvlib_openstack.version import Version
from hvlib_openstack.wire.client import Client

__all__ = ["DELETE_SNAPSHOTS", "removal_outcome", "remove_server", "remove_snapshot"]

DELETE_SNAPSHOTS = "delete-snapshots"

KEEPING = Version(2, 85)
"""The first microversion in which a volume can be told to stay when its server goes."""

SEPARATOR = ","
"""Between the identifiers of volumes' snapshots in a task's."""


class Picture(msgspec.Struct):
    block_device_mapping: str = "[]"


class Mapping(msgspec.Struct):
    snapshot_id: str | None = None


class VolumeSnapshot(msgspec.Struct):
    status: str


def remove_server(client: Client, server: str, keep_volumes: Sequence[Ref]) -> Started:
    """DELETE /servers/ID. Nova deletes the volumes that it is to delete with the server; others stay.

    Volumes to keep are told so first, by PUT /servers/ID/os-volume_attachments/VOLUME: as often as it may be.
    `Unsupported` before 2.85.
    """
    nova, version = client.compute, client.login.compute
    if keep_volumes and version < KEEPING:
        raise Unsupported(f"this nova can't be told to keep volumes: that takes {KEEPING} (Ussuri)")
    for volume in keep_volumes:
        body = {"volumeAttachment": {"volumeId": volume.id, "delete_on_termination": False}}
        nova.put(f"/servers/{server}/os-volume_attachments/{volume.id}", body, version)
    return started(client, nova.delete(f"/servers/{server}", version), "delete", server)


def remove_snapshot(client: Client, image: str) -> Done | Started:
    """DELETE /images/ID, then DELETE /snapshots/ID of each volume's snapshot that it tells of.

    No other service knows of these, and a volume that has one can't be deleted. The image goes first: where glance
    refuses, its volumes' snapshots stay. Raises `NotFound`, `Conflict`, `PermissionDenied`.
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
    """The outcome of the removal of volumes' snapshots: one round trip each."""
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
    """Delete a volume's snapshot, and return the refusal, if any. A snapshot that is gone already is no refusal."""
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
