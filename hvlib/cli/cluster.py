"""``hv cluster``."""

from __future__ import annotations

from hvlib.cli.listing import ListResources, ShowResource
from hvlib.model.resources import Cluster

__all__ = ["ListClusters", "ShowCluster"]


class ListClusters(ListResources):
    """List clusters."""

    kind = Cluster
    columns = ("name_label", "hosts")


class ShowCluster(ShowResource):
    """Show one cluster."""

    kind = Cluster
