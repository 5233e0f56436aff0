"""``hv network``."""

from __future__ import annotations

from hvlib.cli.listing import ListResources, ShowResource
from hvlib.model.resources import Network

__all__ = ["ListNetworks", "ShowNetwork"]


class ListNetworks(ListResources):
    """List networks."""

    kind = Network
    columns = ("name_label", "vlan_id", "mtu", "subnets")


class ShowNetwork(ShowResource):
    """Show one network."""

    kind = Network
