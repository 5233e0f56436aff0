"""Images: glance's images, except snapshots of servers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, TypeVar

import msgspec
from msgspec.structs import replace

from hvlib.driver import Done, action
from hvlib.driver.table import Field, Table
from hvlib.model import actions
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Image, Resource
from hvlib_openstack.adapter import IN_A_QUERY, TableAdapter
from hvlib_openstack.operations.snapshotting import SNAPSHOT
from hvlib_openstack.values import label, moment, ordered, text
from hvlib_openstack.wire.collection import Collection
from hvlib_openstack.wire.service import Parameters

__all__ = ["GlanceAdapter", "Images", "Picture"]

R = TypeVar("R", bound=Resource)

READABLE = [("visibility", "all"), ("member_status", "all")]
"""Ask also for images that a listing leaves out: community images, and images that other projects offer to this one."""

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


TABLE = Table(
    Image,
    "images",
    {
        "uuid": Field("id"),
        "name_label": Field("name", convert=label, stored="name"),
        "tags": Field("tags", convert=ordered),
        "created_at": Field("created_at", convert=moment),
        "size_bytes": Field("size"),
        "guest_os": Field("os_distro", "os_type", convert=lambda distro, family: text(distro) or text(family)),
        "format": Field("disk_format", convert=text),
    },
    accept=Field("image_type", convert=lambda image_type: image_type != SNAPSHOT),
)


class GlanceAdapter(TableAdapter[R]):
    """The base of images' and snapshots' adapters: asks glance."""

    def compared(self, stored: str, value: object) -> Parameters:
        """``name=eq:VALUE``: without ``eq:`` glance takes the text before a colon for an operator."""
        return [(name, f"eq:{text}") for name, text in super().compared(stored, value)]

    def chosen(self, ids: Sequence[str]) -> Sequence[Parameters]:
        """``id=in:IDS``, once for the images that are not hidden, and once for the hidden images."""
        by_id = [("id", f"in:{','.join(ids)}")] if len(ids) <= IN_A_QUERY else []
        return [[*self.everything(), *READABLE, ("os_hidden", hidden), *by_id] for hidden in ("false", "true")]

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
    collection = Collection("image", "/images", Picture, item=("/images", ""), sparse=None)

    def get(self, refs: Sequence[Ref], query: Query[Image]) -> Sequence[Image]:
        """`TableAdapter.get`, also for snapshots: a server that was made from a snapshot names it as its image."""
        return AnyImages(self.client).get(refs, query)


class AnyImages(GlanceAdapter[Image]):
    """Images and snapshots alike."""

    kind: ClassVar[type[Image]] = Image
    table = replace(TABLE, accept=None)
    collection = Images.collection
