"""Networks: vim.Network, of which distributed port groups and opaque networks are kinds."""

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
"""The types whose objects a server names by identifiers that begin so. Others are of the base type."""

TABLE = Table(
    Network,
    "Network",
    {
        "uuid": Field(ID, SERVER_UUID, convert=own_uuid),
        "name_label": Field("name", convert=unescape_name),
    },
)


class Networks(TableAdapter[Network]):
    """Networks of all types. The server has no uuid of their own for them."""

    kind: ClassVar[type[Network]] = Network
    table = TABLE

    def moref(self, ref: Ref) -> MoRef:
        """The server finds an object by its very type."""
        native_type = next((type for start, type in TYPES.items() if ref.id.startswith(start)), self.table.native_type)
        return MoRef(native_type, ref.id)
