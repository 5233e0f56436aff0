"""Snapshots: the images that nova makes of servers. They outlive their server."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver import Done, Started, action
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Snapshot
from hvlib_openstack.kinds.image import GlanceAdapter, Picture, is_snapshot
from hvlib_openstack.operations.removal import remove_snapshot
from hvlib_openstack.operations.snapshotting import SNAPSHOT
from hvlib_openstack.table import Column, One, Table
from hvlib_openstack.values import label, moment, ordered

__all__ = ["Snapshots"]

TABLE = Table(
    Snapshot,
    "image",
    "/images",
    "images",
    Picture,
    {
        "uuid": Column("id"),
        "name_label": Column("name", convert=label),
        "tags": Column("tags", convert=ordered),
        "created_at": Column("created_at", convert=moment),
        "vm": One(Column("instance_uuid"), VM),
        "has_memory": Column("id", convert=lambda _: False),
    },
    item=("/images", ""),
    parameters=[("image_type", SNAPSHOT)],
    where=(is_snapshot, ("image_type",)),
)


class Snapshots(GlanceAdapter[Snapshot]):
    """Snapshots; none has its server's memory."""

    kind: ClassVar[type[Snapshot]] = Snapshot
    table = TABLE

    @action(actions.Delete)
    def delete(self, snapshot: Ref, delete: actions.Delete) -> Done | Started:  # noqa: ARG002
        """DELETE /images/ID, and of the snapshots of volumes that it holds. `Conflict` while another needs it."""
        return remove_snapshot(self.client, snapshot.id)
