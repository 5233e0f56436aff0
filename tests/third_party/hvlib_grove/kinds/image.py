"""Images: Grove's vms that are templates."""

from __future__ import annotations

from hvlib.driver.table import Field, Table
from hvlib.model.resources import Image
from hvlib_grove.adapter import TableAdapter
from hvlib_grove.values import mebibytes, moment

__all__ = ["Images"]


class Images(TableAdapter[Image]):
    """Images, which VMs are created from."""

    kind = Image
    only = {"template": "true"}
    table = Table(
        Image,
        "vms",
        {
            "uuid": Field("uuid", stored="uuid"),
            "name_label": Field("name", stored="name"),
            "description": Field("note"),
            "tags": Field("tags", convert=lambda tags: tuple(sorted(tags))),
            "created_at": Field("created", convert=moment),
            "size_bytes": Field("disk_mib", convert=mebibytes),
            "guest_os": Field("os"),
        },
    )
