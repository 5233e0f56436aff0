"""Storage pools."""

from __future__ import annotations

from hvlib.driver.table import Table
from hvlib.model.resources import StoragePool
from hvlib_sim.adapter import TableAdapter
from hvlib_sim.fields import COMMON, attributes
from hvlib_sim.lab import objects

__all__ = ["StoragePools"]


class StoragePools(TableAdapter[StoragePool]):
    """Storage pools. ``free_bytes`` is the capacity minus the full sizes of the volumes."""

    kind = StoragePool
    source = objects.StoragePool
    table = Table(
        StoragePool,
        "StoragePool",
        {
            **COMMON,
            **attributes("type", "capacity_bytes", "free_bytes", "shared"),
        },
    )
