"""Clusters."""

from __future__ import annotations

from hvlib.model.resources import Cluster, Host
from hvlib_sim.adapter import LabAdapter
from hvlib_sim.lab import objects
from hvlib_sim.table import ManyRefs, Table

__all__ = ["Clusters"]


class Clusters(LabAdapter[Cluster]):
    """Each host is in one."""

    kind = Cluster
    table = Table(Cluster, objects.Cluster, {"hosts": ManyRefs("hosts", Host)})
