"""Networks: the class network, with the PIFs that have its VLAN tag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from hvlib.driver import Steps, steps
from hvlib.driver.table import Field, Joined, Table
from hvlib.model import actions
from hvlib.model.errors import HvlibError, InvalidState
from hvlib.model.ref import Ref
from hvlib.model.resources import Network
from hvlib_xenapi.adapter import LABELS, TAGS, LabelledAdapter
from hvlib_xenapi.joins import Backward
from hvlib_xenapi.operations.calls import Calls
from hvlib_xenapi.reading import find_rows
from hvlib_xenapi.wire.rows import Row

__all__ = ["Networks"]

DEFAULT_MTU = 1500
USED = 'field "currently_attached" = "true" or field "reserved" = "true"'
"""The condition for VIFs whose network can't be deleted: attached ones, and those reserved by a VM that is starting."""


def vlan_id(interfaces: Mapping[str, Row]) -> int | None:
    """The tag that the hosts' interfaces on a network have in common."""
    return next((row.VLAN for row in interfaces.values() if row.VLAN > 0), None)


TABLE = Table(
    Network,
    "network",
    {
        **LABELS,
        **TAGS,
        "vlan_id": Joined(Backward("PIF", ("VLAN",), by="network", refs="PIFs"), convert=vlan_id),
        "mtu": Field("MTU"),
    },
)


class Networks(LabelledAdapter[Network]):
    """Networks."""

    kind: ClassVar[type[Network]] = Network
    table = TABLE

    @steps(actions.CreateNetwork)
    def create(self, _: None, create: actions.CreateNetwork, steps: Steps) -> Ref | None:
        """network.create; with a VLAN also pool.create_VLAN_from_PIF, on the master's management interface."""
        record = {
            "name_label": create.name_label,
            "name_description": "",
            "MTU": create.mtu or DEFAULT_MTU,
            "other_config": {},
            "tags": [],
        }
        calls = Calls(self.client, steps)
        interface = None if create.vlan_id is None else steps.read(self._management_interface)
        network = steps.call(
            lambda: self.client.context.ref(Network, self.client.call("network.create", record)),
            undo=lambda made: calls.call("network.destroy", made.id),
        )
        if create.vlan_id is not None:
            calls.run("pool.create_VLAN_from_PIF", interface, network.id, create.vlan_id)
        return network

    @steps(actions.Delete)
    def delete(self, network: Ref, _: actions.Delete, steps: Steps) -> None:
        """VLAN.destroy of its tagged PIFs, network.destroy. `Conflict` while running VMs have interfaces on it.

        An error that follows the first of these calls names the network as left: it has lost VLANs.
        """
        calls = Calls(self.client, steps)
        conditions = [f'field "network" = "{network.id}"']
        fields = frozenset({"VLAN", "VLAN_master_of"})
        found = steps.read(lambda: find_rows(self.client, "PIF", conditions, fields))
        tagged = [row for row in found.values() if row.VLAN > 0]
        in_use = bool(tagged) and steps.read(
            lambda: bool(find_rows(self.client, "VIF", [*conditions, USED], frozenset()))
        )
        vlans = [] if in_use else [("VLAN.destroy", row.VLAN_master_of) for row in tagged]
        first, *rest = [*vlans, ("network.destroy", network.id)]

        def destroy_rest(_: object = None) -> None:
            while rest:
                try:
                    calls.run(*rest[0])
                except HvlibError as error:
                    rest.clear()
                    error.left = [*error.left, network]
                    raise
                del rest[0]  # Not before: if the task is cancelled, undo continues here.

        # A deletion can't be undone: after a cancellation, undo completes it.
        calls.run(*first, undo=destroy_rest)
        destroy_rest()

    def _management_interface(self) -> str:
        conditions = ['field "management" = "true"', f'field "host" = "{self.client.login.master}"']
        found = find_rows(self.client, "PIF", conditions, frozenset({"VLAN"}))
        if not found:
            raise InvalidState("the master has no management interface to put the VLAN on")
        return next(iter(found))
