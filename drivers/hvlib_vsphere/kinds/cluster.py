"""Clusters: vim.ClusterComputeResource."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver.table import Field, RefsTo, Table
from hvlib.model.resources import Cluster
from hvlib_vsphere.adapter import TableAdapter
from hvlib_vsphere.columns import DERIVED_UUID, NAME
from hvlib_vsphere.values import kind_of
from hvlib_vsphere.wire.decoding import as_tuple

__all__ = ["Clusters"]

TABLE = Table(
    Cluster,
    "ClusterComputeResource",
    {
        **DERIVED_UUID,
        **NAME,
        "hosts": RefsTo(kind_of, Field("host", convert=as_tuple)),
    },
)


class Clusters(TableAdapter[Cluster]):
    """Clusters. The server has no uuids for them."""

    kind: ClassVar[type[Cluster]] = Cluster
    table = TABLE
