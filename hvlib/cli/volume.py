"""``hv volume``."""

from __future__ import annotations

from hvlib.cli.listing import ListResources, ShowResource
from hvlib.model.resources import Volume

__all__ = ["ListVolumes", "ShowVolume"]


class ListVolumes(ListResources):
    """List volumes."""

    kind = Volume
    columns = ("name_label", "size_bytes", "pool", "vms")


class ShowVolume(ShowResource):
    """Show one volume."""

    kind = Volume
