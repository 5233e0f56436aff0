"""Snapshots: the images that nova makes of servers. They outlive their server."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver import Steps, steps
from hvlib.driver.table import Field, RefTo, Table
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Snapshot
from hvlib_openstack.kinds.image import GlanceAdapter, Picture
from hvlib_openstack.operations.removal import remove_snapshot
from hvlib_openstack.operations.snapshotting import SNAPSHOT
from hvlib_openstack.values import label, moment, ordered
from hvlib_openstack.wire.collection import Collection

__all__ = ["Snapshots"]

TABLE = Table(
    Snapshot,
    "images",
    {
        "uuid": Field("id"),
        "name_label": Field("name", convert=label, stored="name"),
        "tags": Field("tags", convert=ordered),
        "created_at": Field("created_at", convert=moment),
        "vm": RefTo(VM, "instance_uuid"),
        "has_memory": Field("id", convert=lambda _: False),
    },
    accept=Field("image_type", convert=lambda image_type: image_type == SNAPSHOT),
)


class Snapshots(GlanceAdapter[Snapshot]):
    """Snapshots. They never have the server's memory."""

    kind: ClassVar[type[Snapshot]] = Snapshot
    table = TABLE
    collection = Collection(
        "image", "/images", Picture, item=("/images", ""), parameters=[("image_type", SNAPSHOT)], sparse=None
    )

    @steps(actions.Delete)
    def delete(self, snapshot: Ref, _: actions.Delete, steps: Steps) -> None:
        """DELETE /images/ID and of the volume snapshots that it names. `Conflict` while another object needs it."""
        remove_snapshot(self.client, steps, snapshot)
