"""``hv image``."""

from __future__ import annotations

from hvlib.cli.listing import ListResources, ShowResource
from hvlib.model.resources import Image

__all__ = ["ListImages", "ShowImage"]


class ListImages(ListResources):
    """List images, templates among them."""

    kind = Image
    columns = ("name_label", "size_bytes", "guest_os", "format")


class ShowImage(ShowResource):
    """Show one image."""

    kind = Image
