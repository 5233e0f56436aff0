"""Clusters: nova's host aggregates. Administrators see them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from hvlib.model.resources import Cluster, Host
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.joins import HYPERVISORS
from hvlib_openstack.table import Column, Joined, Many, Table
from hvlib_openstack.values import moment

__all__ = ["Clusters"]


class Aggregate(msgspec.Struct):
    """The fields of an aggregate that hvlib reads."""

    id: int
    uuid: str
    name: str
    hosts: list[str] = []
    created_at: datetime | None = None


TABLE = Table(
    Cluster,
    "compute",
    "/os-aggregates",
    "aggregates",
    Aggregate,
    {
        "uuid": Column("uuid"),
        "name_label": Column("name"),
        "created_at": Column("created_at", convert=moment),
        "hosts": Many(
            Joined(HYPERVISORS, "hosts", lambda known, hosts: [each for host in hosts for each in known.get(host, ())]),
            Host,
        ),
    },
)


class Clusters(TableAdapter[Cluster]):
    """Host aggregates."""

    kind: ClassVar[type[Cluster]] = Cluster
    table = TABLE
