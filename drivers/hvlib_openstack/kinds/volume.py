"""Volumes: cinder's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from hvlib.driver import Done, Started, action
from hvlib.driver.table import Field, RefsTo, RefTo, Table
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, StoragePool, Volume
from hvlib_openstack.counted_adapter import CountedAdapter
from hvlib_openstack.operations.creation import Made
from hvlib_openstack.operations.operation import started
from hvlib_openstack.paging import CollectionPage
from hvlib_openstack.scope import readable_scope, volume_scope
from hvlib_openstack.values import GIB, gibibytes, label, moment, text
from hvlib_openstack.version import Version
from hvlib_openstack.wire.collection import Collection
from hvlib_openstack.wire.service import Parameters

__all__ = ["Volumes"]

TYPED = Version(3, 63)
"""The first microversion in which a volume shows its type's identifier (Wallaby)."""

EXTENDED = Version(3, 42)
"""The first microversion in which an attached volume can be extended (Pike)."""


WITH_COUNT = ("with_count", "true")

SPARSE = frozenset({"volume_image_metadata"})
"""The property that cinder shows only of volumes made from an image (api/contrib/volume_image_metadata.py)."""


class Attachment(msgspec.Struct):
    """An attachment of a volume. ``server_id`` is None if the volume is not attached to a server."""

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


class Total(msgspec.Struct):
    """The number of all volumes, which is in every page."""

    count: int


def servers(attached: Sequence[Attachment]) -> list[str]:
    """The servers that a volume is attached to. Attachments to other things than servers are left out."""
    return [attachment.server_id for attachment in attached if attachment.server_id is not None]


TABLE = Table(
    Volume,
    "volumes",
    {
        "uuid": Field("id"),
        "name_label": Field("name", convert=label, stored="name"),
        "description": Field("description", convert=text),
        "created_at": Field("created_at", convert=moment),
        "size_bytes": Field("size", convert=gibibytes),
        "pool": RefTo(StoragePool, "volume_type_id"),
        "vms": RefsTo(VM, Field("attachments", convert=servers)),
        "bootable": Field("bootable", convert=lambda bootable: bootable == "true"),
    },
)


class Volumes(CountedAdapter[Volume]):
    """Volumes of the project, or of all projects."""

    kind: ClassVar[type[Volume]] = Volume
    table = TABLE
    collection = Collection(
        "block-storage", "/volumes/detail", Disk, item=("/volumes", "volume"), version=TYPED, sparse=SPARSE
    )

    def everything(self) -> Parameters:
        """The parameters for the project's volumes, or for all projects' volumes if the session lists these."""
        return volume_scope(self.client)

    def chosen(self, ids: Sequence[str]) -> Sequence[Parameters]:  # noqa: ARG002
        """Cinder can't be asked for single volumes: the parameters for all that can be read, and for their number."""
        return [[*readable_scope(self.client, self.everything()), WITH_COUNT]]

    def count(self, first: CollectionPage[Any] | None) -> int:
        """`CountedAdapter.count`."""
        if first is not None:
            return first.reply.read(Total).count
        parameters = [*readable_scope(self.client, self.everything()), WITH_COUNT, ("limit", "1")]
        return self.service.get("/volumes", parameters, TYPED).read(Total).count

    @action(actions.CreateVolume)
    def create(self, _: None, create: actions.CreateVolume) -> Started:
        """POST /volumes, in whole GiB, no smaller than asked for."""
        volume: dict[str, Any] = {"name": create.name_label, "size": _in_gib(create.size_bytes)}
        if create.pool is not None:
            volume["volume_type"] = create.pool.id
        reply = self.service.post("/volumes", {"volume": volume})
        return started(self.client, reply, "create-volume", reply.read(dict[str, Made])["volume"].id)

    @action(actions.ResizeVolume)
    def resize(self, volume: Ref, resize: actions.ResizeVolume) -> Started:
        """The action os-extend, also for an attached volume. A volume can't get smaller: `InvalidQuery`."""
        size = _in_gib(resize.size_bytes)
        reply = self.service.post(f"/volumes/{volume.id}/action", {"os-extend": {"new_size": size}}, EXTENDED)
        return started(self.client, reply, "extend-volume", volume.id, goal=str(size))

    @action(actions.Rename)
    def rename(self, volume: Ref, rename: actions.Rename) -> Done:
        """PUT /volumes/ID."""
        self.service.put(f"/volumes/{volume.id}", {"volume": {"name": rename.name_label}})
        return Done(volume)

    @action(actions.Delete)
    def delete(self, volume: Ref, _: actions.Delete) -> Started:
        """DELETE /volumes/ID."""
        return started(self.client, self.service.delete(f"/volumes/{volume.id}"), "delete-volume", volume.id)


def _in_gib(size_bytes: int) -> int:
    """Convert bytes to GiB, rounded up."""
    return -(-size_bytes // GIB)
