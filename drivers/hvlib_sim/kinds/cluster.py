"""Clusters."""

from __future__ import annotations

from hvlib.model.resources import Cluster, Host
from hvlib_sim.adapter import TableAdapter
from hvlib_sim.lab import objects
from hvlib_sim.table import ManyRefs, Table

__all__ = ["Clusters"]


class Clusters(TableAdapter[Cluster]):
    """Each host is in one."""

    kind = Cluster
    table = Table(Cluster, objects.Cluster, {"hosts": ManyRefs("hosts", Host)})
