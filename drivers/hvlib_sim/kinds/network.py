"""Networks."""

from __future__ import annotations

from hvlib.driver import Started, action
from hvlib.driver.table import Table
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import Network
from hvlib_sim.adapter import LabelledAdapter, required
from hvlib_sim.fields import COMMON, attributes
from hvlib_sim.lab import lifecycle, objects

__all__ = ["Networks"]


class Networks(LabelledAdapter[Network]):
    """Networks. Each network has one subnet."""

    kind = Network
    source = objects.Network
    table = Table(
        Network,
        "Network",
        {
            **COMMON,
            **attributes("vlan_id", "mtu", "subnets"),
        },
    )

    @action(actions.CreateNetwork)
    def create(self, _: Ref | None, action: actions.CreateNetwork) -> Started:
        """`InvalidQuery` for an empty name, a VLAN outside of 1 to 4094, or an MTU below 68."""
        required(bool(action.name_label), "a name can't be empty")
        required(action.vlan_id is None or 1 <= action.vlan_id <= 4094, f"vlan_id can't be {action.vlan_id}")
        required(action.mtu is None or action.mtu >= 68, f"mtu can't be {action.mtu}")
        return self.run(lifecycle.create_network, None, action)

    @action(actions.Delete)
    def delete(self, network: Ref | None, action: actions.Delete) -> Started:
        """`Conflict` while a VM is on the network."""
        return self.run(lifecycle.delete_network, network, action)
