"""``hv pool``."""

from __future__ import annotations

from hvlib.cli.listing import ListResources, ShowResource
from hvlib.model.resources import StoragePool

__all__ = ["ListStoragePools", "ShowStoragePool"]


class ListStoragePools(ListResources):
    """List storage pools."""

    kind = StoragePool
    columns = ("name_label", "type", "capacity_bytes", "free_bytes", "shared")


class ShowStoragePool(ShowResource):
    """Show one storage pool."""

    kind = StoragePool
