"""Volumes: cinder's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from hvlib.driver import Done, Started, action
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, StoragePool, Volume
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.operations.creation import Made
from hvlib_openstack.operations.operation import started
from hvlib_openstack.scope import volume_scope
from hvlib_openstack.table import Column, Many, One, Table
from hvlib_openstack.values import GIB, gibibytes, label, moment, text
from hvlib_openstack.version import Version
from hvlib_openstack.wire.service import Parameters

__all__ = ["Volumes"]

TYPED = Version(3, 63)
"""The first microversion in which a volume tells its type's identifier (Wallaby)."""

EXTENDED = Version(3, 42)
"""The first one in which a volume that is attached can become larger (Pike)."""


class Attachment(msgspec.Struct):
    """``server_id`` is None where it is not nova's."""

    server_id: str | None = None


class Disk(msgspec.Struct):
    """The fields of a volume that hvlib reads."""

    id: str
    size: int
    name: str | None = None
    description: str | None = None
    created_at: datetime | None = None
    volume_type_id: str | None = None
    attachments: list[Attachment] = []
    bootable: str = "false"


def servers(attached: Sequence[Attachment]) -> list[str]:
    """The servers that have a volume; hosts of other services may have it too."""
    return [each.server_id for each in attached if each.server_id is not None]


TABLE = Table(
    Volume,
    "block-storage",
    "/volumes/detail",
    "volumes",
    Disk,
    {
        "uuid": Column("id"),
        "name_label": Column("name", convert=label),
        "description": Column("description", convert=text),
        "created_at": Column("created_at", convert=moment),
        "size_bytes": Column("size", convert=gibibytes),
        "pool": One(Column("volume_type_id"), StoragePool),
        "vms": Many(Column("attachments", convert=servers), VM),
        "bootable": Column("bootable", convert=lambda said: said == "true"),
    },
    item=("/volumes", "volume"),
    filters={"name_label": "name"},
    version=TYPED,
)


class Volumes(TableAdapter[Volume]):
    """Volumes of the project, or of all."""

    kind: ClassVar[type[Volume]] = Volume
    table = TABLE

    def everything(self) -> Parameters:
        """The project's volumes; all projects' if that was asked for."""
        return volume_scope(self.client)

    @action(actions.CreateVolume)
    def create(self, _: None, create: actions.CreateVolume) -> Started:
        """POST /volumes, in whole GiB, no smaller than asked for."""
        volume: dict[str, Any] = {"name": create.name_label, "size": _whole(create.size_bytes)}
        if create.pool is not None:
            volume["volume_type"] = create.pool.id
        reply = self.service.post("/volumes", {"volume": volume})
        return started(self.client, reply, "create-volume", reply.read(dict[str, Made])["volume"].id)

    @action(actions.ResizeVolume)
    def resize(self, volume: Ref, resize: actions.ResizeVolume) -> Started:
        """The action os-extend, of a volume that is attached too. Smaller it can't become: `InvalidQuery`."""
        size = _whole(resize.size_bytes)
        reply = self.service.post(f"/volumes/{volume.id}/action", {"os-extend": {"new_size": size}}, EXTENDED)
        return started(self.client, reply, "extend-volume", volume.id, goal=str(size))

    @action(actions.Rename)
    def rename(self, volume: Ref, rename: actions.Rename) -> Done:
        """PUT /volumes/ID."""
        self.service.put(f"/volumes/{volume.id}", {"volume": {"name": rename.name_label}})
        return Done(volume)

    @action(actions.Delete)
    def delete(self, volume: Ref, delete: actions.Delete) -> Started:  # noqa: ARG002
        """DELETE /volumes/ID."""
        return started(self.client, self.service.delete(f"/volumes/{volume.id}"), "delete-volume", volume.id)


def _whole(size_bytes: int) -> int:
    """GiB, rounded up."""
    return -(-size_bytes // GIB)
