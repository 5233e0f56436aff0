"""Removal of what nova makes of a server: an image, and of a server with volumes their snapshots."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from hvlib.errors import NotFound, ProtocolError

if TYPE_CHECKING:
    from hvlib_openstack.session import OpenStackSession

__all__ = ["remove_snapshot"]


class Picture(msgspec.Struct):
    block_device_mapping: str = "[]"


class Mapping(msgspec.Struct):
    snapshot_id: str | None = None


def remove_snapshot(session: OpenStackSession, image: str) -> None:
    """DELETE /snapshots/ID of each volume's snapshot, then DELETE /images/ID. Raises `NotFound`, `Conflict`.

    Nobody else knows of those snapshots, and a volume that has one can't be deleted. They go before the image that
    tells of them: so all of this can be asked for again.
    """
    picture = session.service("image").get(f"/images/{image}").read(Picture)
    for snapshot in _snapshots(picture.block_device_mapping):
        with suppress(NotFound):
            session.service("block-storage").delete(f"/snapshots/{snapshot}")
    session.service("image").delete(f"/images/{image}")


def _snapshots(mapping: str) -> list[str]:
    try:
        told = msgspec.json.decode(mapping, type=list[Mapping])
    except msgspec.DecodeError as error:
        raise ProtocolError(f"an image whose volumes can't be read: {error}") from error
    return [each.snapshot_id for each in told if each.snapshot_id]
