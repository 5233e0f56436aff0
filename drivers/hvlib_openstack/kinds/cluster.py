"""Clusters: nova's host aggregates. Only administrators see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

import msgspec

from hvlib.driver.table import Field, Joined, RefsTo, Table
from hvlib.model.resources import Cluster, Host
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.joins import HYPERVISORS
from hvlib_openstack.values import moment
from hvlib_openstack.wire.collection import Collection

__all__ = ["Clusters"]


class Aggregate(msgspec.Struct):
    """The fields of an aggregate that hvlib reads."""

    id: int
    uuid: str
    name: str
    hosts: list[str] = []
    created_at: datetime | None = None


def hypervisors_of(known: Mapping[str, Sequence[str]], hosts: Sequence[str]) -> list[str]:
    """The hypervisors of these compute services' hosts."""
    return [hypervisor for host in hosts for hypervisor in known.get(host, ())]


TABLE = Table(
    Cluster,
    "aggregates",
    {
        "uuid": Field("uuid"),
        "name_label": Field("name"),
        "created_at": Field("created_at", convert=moment),
        "hosts": RefsTo(Host, Joined(HYPERVISORS, "hosts", convert=hypervisors_of)),
    },
)


class Clusters(TableAdapter[Cluster]):
    """Host aggregates."""

    kind: ClassVar[type[Cluster]] = Cluster
    table = TABLE
    collection = Collection("compute", "/os-aggregates", Aggregate)
