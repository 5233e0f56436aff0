"""Networks: neutron's, with the address ranges of their subnets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from msgspec import field

from hvlib.driver import Done, action
from hvlib.driver.table import Field, Joined, Table
from hvlib.model import actions
from hvlib.model.errors import Unsupported
from hvlib.model.ref import Ref
from hvlib.model.resources import Network
from hvlib_openstack.adapter import IN_A_QUERY, TableAdapter
from hvlib_openstack.joins import SUBNETS
from hvlib_openstack.operations.creation import Made
from hvlib_openstack.paging import pages
from hvlib_openstack.values import label, moment, ordered, text
from hvlib_openstack.wire.collection import Collection
from hvlib_openstack.wire.service import Parameters

__all__ = ["Networks"]

PHYSICAL = "provider:physical_network"

SPARSE = frozenset({"provider:network_type", PHYSICAL, "provider:segmentation_id", "segments", "is_default"})
"""The properties that neutron shows only of networks with one segment, with several segments, or of external networks
(plugins/ml2/managers.py, services/auto_allocate/db.py). To members it shows the first four of no network."""


class Net(msgspec.Struct):
    """The fields of a network that hvlib reads."""

    id: str
    name: str | None = None
    description: str | None = None
    tags: list[str] = []
    created_at: datetime | None = None
    mtu: int | None = None
    type: str | None = field(name="provider:network_type", default=None)
    segment: int | None = field(name="provider:segmentation_id", default=None)


class Placed(msgspec.Struct):
    """The physical network that a network is on."""

    name: str | None = field(name=PHYSICAL, default=None)


TABLE = Table(
    Network,
    "networks",
    {
        "uuid": Field("id"),
        "name_label": Field("name", convert=label, stored="name"),
        "description": Field("description", convert=text),
        "tags": Field("tags", convert=ordered),
        "created_at": Field("created_at", convert=moment),
        "mtu": Field("mtu"),
        "vlan_id": Field(
            "type", "segment", convert=lambda kind, segment: segment if kind == "vlan" else None, private=True
        ),
        "subnets": Joined(SUBNETS, "id", convert=lambda subnets, network: subnets.get(network, ())),
    },
)


class Networks(TableAdapter[Network]):
    """The project's networks, and networks that are shared with it; an administrator sees all."""

    kind: ClassVar[type[Network]] = Network
    table = TABLE
    collection = Collection("network", "/networks", Net, item=("/networks", "network"), sparse=SPARSE)

    def chosen(self, ids: Sequence[str]) -> Sequence[Parameters]:
        """The parameter ``id``, once for each network. Neutron lists every network that can be read."""
        return [[("id", id) for id in ids] if len(ids) <= IN_A_QUERY else []]

    @action(actions.CreateNetwork)
    def create(self, _: None, create: actions.CreateNetwork) -> Done:
        """POST /networks. Only an administrator can make a VLAN. It is put on the other networks' physical network:
        `Unsupported` if these are on several physical networks, or on none.
        """
        network: dict[str, Any] = {"name": create.name_label}
        if create.mtu is not None:
            network["mtu"] = create.mtu
        if create.vlan_id is not None:
            network.update({"provider:network_type": "vlan", "provider:segmentation_id": create.vlan_id})
            network[PHYSICAL] = self._physical_network()
        made = self.service.post("/networks", {"network": network}).read(dict[str, Made])["network"]
        return Done(self.ref(made.id))

    @action(actions.Rename)
    def rename(self, network: Ref, rename: actions.Rename) -> Done:
        """PUT /networks/ID."""
        self.service.put(f"/networks/{network.id}", {"network": {"name": rename.name_label}})
        return Done(network)

    @action(actions.SetTags)
    def set_tags(self, network: Ref, given: actions.SetTags) -> Done:
        """PUT /networks/ID/tags."""
        self.service.put(f"/networks/{network.id}/tags", {"tags": given.tags})
        return Done(network)

    @action(actions.Delete)
    def delete(self, network: Ref, _: actions.Delete) -> Done:
        """DELETE /networks/ID, with its subnets. `Conflict` while it has ports."""
        self.service.delete(f"/networks/{network.id}")
        return Done()

    def _physical_network(self) -> str:
        """The one physical network that the region's networks are on. Raises `Unsupported` if there is not just one."""
        listed = pages(self.service, "/networks", "networks", parameters=[("fields", PHYSICAL)], type=Placed)
        names = sorted({network.name for page in listed for network in page.items if network.name is not None})
        if len(names) != 1:
            reason = f"the networks are on several: {', '.join(names)}" if names else "no network is on one"
            raise Unsupported(f"a VLAN needs a physical network, but {reason}", hint="make it with provider.native")
        return names[0]
