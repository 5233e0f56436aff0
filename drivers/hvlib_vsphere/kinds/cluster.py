"""Clusters: vim.ClusterComputeResource."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver.table import ID, Field, RefsTo, Table
from hvlib.model.resources import Cluster
from hvlib_vsphere.adapter import TableAdapter
from hvlib_vsphere.values import SERVER_UUID, kind_of, own_uuid, unescape_name
from hvlib_vsphere.wire.decoding import as_tuple

__all__ = ["Clusters"]

TABLE = Table(
    Cluster,
    "ClusterComputeResource",
    {
        "uuid": Field(ID, SERVER_UUID, convert=own_uuid),
        "name_label": Field("name", convert=unescape_name),
        "hosts": RefsTo(kind_of, Field("host", convert=as_tuple)),
    },
)


class Clusters(TableAdapter[Cluster]):
    """Clusters. The server has no uuids for them."""

    kind: ClassVar[type[Cluster]] = Cluster
    table = TABLE
