"""Storage pools: the class SR."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver.table import Field, Table
from hvlib.model.resources import StoragePool
from hvlib_xenapi.adapter import LABELS, TAGS, LabelledAdapter
from hvlib_xenapi.values import text

__all__ = ["StoragePools"]


def capacity(size: int) -> int | None:
    """The bytes; None if the server does not know them and writes -1."""
    return size if size >= 0 else None


def free(size: int, used: int) -> int | None:
    """The free bytes; None if the server does not know them."""
    return max(size - used, 0) if size >= 0 and used >= 0 else None


TABLE = Table(
    StoragePool,
    "SR",
    {
        **LABELS,
        **TAGS,
        "type": Field("type", convert=text, stored="type"),
        "capacity_bytes": Field("physical_size", convert=capacity),
        "free_bytes": Field("physical_size", "physical_utilisation", convert=free),
        "shared": Field("shared"),
    },
)


class StoragePools(LabelledAdapter[StoragePool]):
    """Storage repositories."""

    kind: ClassVar[type[StoragePool]] = StoragePool
    table = TABLE
