"""``hv flavor``."""

from __future__ import annotations

from hvlib.cli.listing import ListResources, ShowResource
from hvlib.model.resources import Flavor

__all__ = ["ListFlavors", "ShowFlavor"]


class ListFlavors(ListResources):
    """List flavors."""

    kind = Flavor
    columns = ("name_label", "vcpus", "memory_bytes", "disk_bytes")


class ShowFlavor(ShowResource):
    """Show one flavor."""

    kind = Flavor
