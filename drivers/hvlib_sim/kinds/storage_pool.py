"""Storage pools."""

from __future__ import annotations

from hvlib.model.resources import StoragePool
from hvlib_sim.adapter import TableAdapter
from hvlib_sim.lab import objects
from hvlib_sim.table import Table, Value

__all__ = ["StoragePools"]


class StoragePools(TableAdapter[StoragePool]):
    """``free_bytes`` is what the volumes leave, at their full sizes."""

    kind = StoragePool
    table = Table(
        StoragePool,
        objects.StoragePool,
        {
            "type": Value("type"),
            "capacity_bytes": Value("capacity_bytes"),
            "free_bytes": Value("free_bytes"),
            "shared": Value("shared"),
        },
    )
