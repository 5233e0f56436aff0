"""Images: glance's, but for those that are snapshots of servers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, TypeVar

import msgspec

from hvlib.driver import Done, action
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import Image, Resource
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.operations.snapshotting import SNAPSHOT
from hvlib_openstack.table import Column, Table
from hvlib_openstack.values import label, moment, ordered, text
from hvlib_openstack.wire.service import Parameters

__all__ = ["GlanceAdapter", "Images", "Picture", "is_snapshot"]

R = TypeVar("R", bound=Resource)

IN_A_QUERY = 100
"""Identifiers that an address has room for."""

PATCH = "application/openstack-images-v2.1-json-patch"


class Picture(msgspec.Struct):
    """The fields of an image that hvlib reads."""

    id: str
    name: str | None = None
    tags: list[str] = []
    created_at: datetime | None = None
    size: int | None = None
    disk_format: str | None = None
    os_distro: str | None = None
    os_type: str | None = None
    image_type: str | None = None
    instance_uuid: str | None = None


def is_snapshot(row: Picture) -> bool:
    """Whether nova made an image of a server."""
    return row.image_type == SNAPSHOT


TABLE = Table(
    Image,
    "image",
    "/images",
    "images",
    Picture,
    {
        "uuid": Column("id"),
        "name_label": Column("name", convert=label),
        "tags": Column("tags", convert=ordered),
        "created_at": Column("created_at", convert=moment),
        "size_bytes": Column("size"),
        "guest_os": Column("os_distro", "os_type", convert=lambda distro, family: text(distro) or text(family)),
        "format": Column("disk_format", convert=text),
    },
    item=("/images", ""),
    where=(lambda row: not is_snapshot(row), ("image_type",)),
)


class GlanceAdapter(TableAdapter[R]):
    """The base of images' and snapshots' adapters: asks glance."""

    def named(self, field: str, value: str) -> Parameters:
        """``name=eq:``: without it glance takes what is before a colon for an operator."""
        return [("name", f"eq:{value}")] if field == "name_label" and value else []

    def chosen(self, ids: Sequence[str]) -> Parameters:
        """``id=in:``."""
        few = [("id", f"in:{','.join(ids)}")] if len(ids) <= IN_A_QUERY else []
        return [*self.everything(), *few]

    @action(actions.Rename)
    def rename(self, image: Ref, rename: actions.Rename) -> Done:
        """PATCH /images/ID."""
        return self._replace(image, "name", rename.name_label)

    @action(actions.SetTags)
    def set_tags(self, image: Ref, given: actions.SetTags) -> Done:
        """PATCH /images/ID."""
        return self._replace(image, "tags", given.tags)

    def _replace(self, image: Ref, field: str, value: object) -> Done:
        body = [{"op": "replace", "path": f"/{field}", "value": value}]
        self.service.request("PATCH", f"/images/{image.id}", body=body, content_type=PATCH)
        return Done(image)


class Images(GlanceAdapter[Image]):
    """Images that the project sees; hidden ones are not listed."""

    kind: ClassVar[type[Image]] = Image
    table = TABLE
