"""Images: those of Grove's vms that are templates."""

from __future__ import annotations

from typing import ClassVar

from hvlib.model.resources import Image
from hvlib_grove.adapter import Column, GroveAdapter, labels, mebibytes, moment

__all__ = ["Images"]


class Images(GroveAdapter[Image]):
    """What VMs are created from."""

    kind: ClassVar[type[Image]] = Image
    collection = "vms"
    only = {"template": "true"}
    table = {
        "uuid": Column("uuid"),
        "name_label": Column("name"),
        "description": Column("note"),
        "tags": Column("tags", labels),
        "created_at": Column("created", moment),
        "size_bytes": Column("disk_mib", mebibytes),
        "guest_os": Column("os"),
    }
