"""Volumes: cinder's."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from hvlib.errors import PermissionDenied
from hvlib.resources import VM, StoragePool, Volume
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.service import Parameters, Version
from hvlib_openstack.table import Column, Many, One, Table
from hvlib_openstack.values import gibibytes, label, moment, text

__all__ = ["Volumes"]

TYPED = Version(3, 63)
"""The first microversion in which a volume tells its type's identifier (Wallaby)."""


class Attachment(msgspec.Struct):
    server_id: str


class Disk(msgspec.Struct):
    """What hvlib reads of a volume."""

    id: str
    size: int
    name: str | None = None
    description: str | None = None
    created_at: datetime | None = None
    volume_type_id: str | None = None
    attachments: list[Attachment] = []
    bootable: str = "false"


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
        "vms": Many(Column("attachments", convert=lambda attached: [each.server_id for each in attached]), VM),
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
        if not self.session.all_projects:
            return []
        if not self.session.current.administrator:  # Cinder would tell the project's own, and not say so.
            raise PermissionDenied("only an administrator sees the volumes of all projects")
        return [("all_tenants", "1")]
