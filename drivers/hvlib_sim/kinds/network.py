"""Networks."""

from __future__ import annotations

from hvlib.driver import Started, action
from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources import Network
from hvlib_sim.adapter import LabelledAdapter, required
from hvlib_sim.lab import lifecycle, objects
from hvlib_sim.table import Table, Value

__all__ = ["Networks"]


class Networks(LabelledAdapter[Network]):
    """Each has one subnet."""

    kind = Network
    table = Table(
        Network, objects.Network, {"vlan_id": Value("vlan_id"), "mtu": Value("mtu"), "subnets": Value("subnets")}
    )

    @action(actions.CreateNetwork)
    def create(self, _: Ref | None, action: actions.CreateNetwork) -> Started:
        """`InvalidQuery` for a VLAN that is not from 1 to 4094, or an MTU below 68."""
        required(bool(action.name_label), "a name can't be empty")
        required(action.vlan_id is None or 1 <= action.vlan_id <= 4094, f"vlan_id can't be {action.vlan_id}")
        required(action.mtu is None or action.mtu >= 68, f"mtu can't be {action.mtu}")
        return self.run(lifecycle.create_network, None, action)

    @action(actions.Delete)
    def delete(self, network: Ref | None, action: actions.Delete) -> Started:
        """`Conflict` while a VM is on it."""
        return self.run(lifecycle.delete_network, network, action)
