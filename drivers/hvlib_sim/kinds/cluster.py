"""Clusters."""

from __future__ import annotations

from hvlib.driver.table import Table
from hvlib.model.resources import Cluster, Host
from hvlib_sim.adapter import TableAdapter
from hvlib_sim.fields import COMMON, refs_to
from hvlib_sim.lab import objects

__all__ = ["Clusters"]


class Clusters(TableAdapter[Cluster]):
    """Clusters. Each host is in one cluster."""

    kind = Cluster
    source = objects.Cluster
    table = Table(
        Cluster,
        "Cluster",
        {
            **COMMON,
            "hosts": refs_to(Host, "hosts"),
        },
    )
