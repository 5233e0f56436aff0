"""Images: those of Grove's vms that are templates."""

from __future__ import annotations

from hvlib.model.resources import Image
from hvlib_grove.adapter import TableAdapter
from hvlib_grove.table import Column
from hvlib_grove.values import mebibytes, moment

__all__ = ["Images"]


class Images(TableAdapter[Image]):
    """What VMs are created from."""

    kind = Image
    collection = "vms"
    only = {"template": "true"}
    table = {
        "uuid": Column("uuid"),
        "name_label": Column("name"),
        "description": Column("note"),
        "tags": Column("tags", lambda tags: tuple(sorted(tags))),
        "created_at": Column("created", moment),
        "size_bytes": Column("disk_mib", mebibytes),
        "guest_os": Column("os"),
    }
