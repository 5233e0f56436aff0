"""Removal of servers and of their snapshots: an image, together with the snapshots of the server's volumes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from hvlib.driver import Started, Steps
from hvlib.model.errors import HvlibError, NotFound, ProtocolError, Unsupported
from hvlib.model.ref import Ref
from hvlib.model.resources import VM
from hvlib_openstack.errors import failure
from hvlib_openstack.operations.operation import Operation, started
from hvlib_openstack.operations.server_outcome import RUNNING, Outcome
from hvlib_openstack.version import Version
from hvlib_openstack.wire.client import Client

__all__ = ["DELETE_SNAPSHOT", "delete_server", "removal_outcome", "remove_server", "remove_snapshot"]

DELETE_SNAPSHOT = "delete-snapshot"

KEEPING = Version(2, 85)
"""The first microversion in which an attached volume can be kept when its server is deleted."""


class Picture(msgspec.Struct):
    block_device_mapping: str = "[]"


class Mapping(msgspec.Struct):
    snapshot_id: str | None = None


class VolumeSnapshot(msgspec.Struct):
    status: str


class AttachedVolume(msgspec.Struct):
    """A volume of a server. ``goes``: whether it is deleted with the server."""

    volume: str = msgspec.field(name="volumeId")
    goes: bool = msgspec.field(name="delete_on_termination", default=False)


def remove_server(client: Client, server: str, keep_volumes: Sequence[Ref], steps: Steps) -> None:
    """DELETE /servers/ID. Nova deletes the volumes that are marked to be deleted with the server; others stay.

    Volumes to keep are unmarked first, by PUT /servers/ID/os-volume_attachments/VOLUME. `Unsupported` before 2.85.
    """
    if keep_volumes and client.login.compute < KEEPING:
        raise Unsupported(
            f"this nova can't keep volumes of a deleted server: that needs microversion {KEEPING} (Ussuri)"
        )
    deleted = steps.read(lambda: _deleted_volumes(client, server)) if keep_volumes else frozenset()
    for volume in keep_volumes:
        if volume.id in deleted:
            steps.call(
                partial(_keep, client, server, volume.id, keep=True),
                undo=partial(_keep_no_more, client, server, volume.id),
            )
    steps.run(lambda: delete_server(client, client.context.ref(VM, server)))


def delete_server(client: Client, vm: Ref) -> Started:
    """DELETE /servers/ID."""
    return started(client, client.compute.delete(f"/servers/{vm.id}", client.login.compute), "delete", vm.id)


def remove_snapshot(client: Client, steps: Steps, image: Ref) -> None:
    """DELETE /images/ID, then DELETE /snapshots/ID of each volume snapshot that the image names.

    Only the image names them, and a volume that has a snapshot can't be deleted. The image is deleted first: if glance
    refuses, the volume snapshots stay. All deletions are tried; the first refusal is raised.
    """
    path = f"/images/{image.id}"
    untried = steps.read(lambda: _snapshots(client.service("image").get(path).read(Picture).block_device_mapping))

    def delete_rest(_: object = None) -> None:
        refused: list[HvlibError] = []
        while untried:
            try:
                steps.run(partial(_delete, client, untried[-1]))
            except NotFound:
                pass
            except HvlibError as error:
                refused.append(error)
            untried.pop()  # Not before: a deletion that was cancelled is tried again.
        if refused:
            raise type(refused[0])(f"the image is deleted, but not all of its volumes' snapshots: {refused[0]}")

    steps.call(lambda: client.service("image").delete(path), undo=delete_rest)
    delete_rest()


def removal_outcome(client: Client, operation: Operation) -> Outcome:
    """The outcome of the removal of a volume's snapshot: one round trip."""
    try:
        reply = client.service("block-storage").get(f"/snapshots/{operation.target}")
    except NotFound:
        return Outcome("succeeded", 1.0)
    if reply.read(dict[str, VolumeSnapshot])["snapshot"].status == "error_deleting":
        return Outcome("failed", error=failure(f"the snapshot {operation.target} of a volume can't be deleted"))
    return RUNNING


def _delete(client: Client, snapshot: str) -> Started:
    reply = client.service("block-storage").delete(f"/snapshots/{snapshot}")
    return started(client, reply, DELETE_SNAPSHOT, snapshot)


def _deleted_volumes(client: Client, server: str) -> frozenset[str]:
    """The volumes that nova deletes with a server. One round trip."""
    reply = client.compute.get(f"/servers/{server}/os-volume_attachments", version=client.login.compute)
    attached = reply.read(dict[str, list[AttachedVolume]])["volumeAttachments"]
    return frozenset(attachment.volume for attachment in attached if attachment.goes)


def _keep_no_more(client: Client, server: str, volume: str, _: None) -> None:
    _keep(client, server, volume, keep=False)


def _keep(client: Client, server: str, volume: str, *, keep: bool) -> None:
    """Let nova keep a volume when its server is deleted, or delete it with the server."""
    body = {"volumeAttachment": {"volumeId": volume, "delete_on_termination": not keep}}
    client.compute.put(f"/servers/{server}/os-volume_attachments/{volume}", body, client.login.compute)


def _snapshots(text: str) -> list[str]:
    try:
        mappings = msgspec.json.decode(text, type=list[Mapping])
    except msgspec.DecodeError as error:
        raise ProtocolError(f"the image's list of volumes can't be read: {error}") from error
    return [mapping.snapshot_id for mapping in mappings if mapping.snapshot_id]
