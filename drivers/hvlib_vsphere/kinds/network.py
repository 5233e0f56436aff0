"""Networks: vim.Network and its subtypes, distributed port groups and opaque networks."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver.table import ID, Field, Table
from hvlib.model.ref import Ref
from hvlib.model.resources import Network
from hvlib_vsphere.adapter import TableAdapter
from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.values import SERVER_UUID, own_uuid, unescape_name

__all__ = ["Networks"]

TYPES = {"dvportgroup-": "DistributedVirtualPortgroup", "network-o": "OpaqueNetwork"}
"""The type of a network by the prefix of its identifier. Other networks are of the base type."""

TABLE = Table(
    Network,
    "Network",
    {
        "uuid": Field(ID, SERVER_UUID, convert=own_uuid),
        "name_label": Field("name", convert=unescape_name),
    },
)


class Networks(TableAdapter[Network]):
    """Networks of all types. The server has no uuids for them."""

    kind: ClassVar[type[Network]] = Network
    table = TABLE

    def moref(self, ref: Ref) -> MoRef:
        """The reference to a network, with its exact type: the server does not find it by the base type."""
        native_type = next((type for start, type in TYPES.items() if ref.id.startswith(start)), self.table.native_type)
        return MoRef(native_type, ref.id)
