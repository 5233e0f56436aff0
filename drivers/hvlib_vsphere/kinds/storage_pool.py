"""Storage pools: vim.Datastore."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver.table import Field, Table
from hvlib.model.resources import StoragePool
from hvlib_vsphere.adapter import TableAdapter
from hvlib_vsphere.columns import DERIVED_UUID, NAME
from hvlib_vsphere.values import integer, plain_text, yes_or_no

__all__ = ["StoragePools"]

TABLE = Table(
    StoragePool,
    "Datastore",
    {
        **DERIVED_UUID,
        **NAME,
        "type": Field("summary.type", convert=plain_text),
        "capacity_bytes": Field("summary.capacity", convert=integer),
        "free_bytes": Field("summary.freeSpace", convert=integer),
        "shared": Field("summary.multipleHostAccess", convert=yes_or_no),
    },
)


class StoragePools(TableAdapter[StoragePool]):
    """Datastores. The server has no uuids for them."""

    kind: ClassVar[type[StoragePool]] = StoragePool
    table = TABLE
