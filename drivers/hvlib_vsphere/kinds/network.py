"""Networks: vim.Network and its subtypes, distributed port groups and opaque networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from hvlib.driver.table import Field, Table
from hvlib.model.resources import Network
from hvlib_vsphere.adapter import TableAdapter
from hvlib_vsphere.columns import DERIVED_UUID, NAME

__all__ = ["Networks"]

PORT_SETTING = "config.defaultPortConfig"


def vlan_id(setting: Mapping[str, Any] | None) -> int | None:
    """The VLAN of a distributed port group; None if it has none, or a trunk of several."""
    vlan = (setting or {}).get("vlan")
    tag = vlan.get("vlanId") if isinstance(vlan, Mapping) else None
    return tag if isinstance(tag, int) and tag else None


TABLE = Table(
    Network,
    "Network",
    {
        **DERIVED_UUID,
        **NAME,
        "vlan_id": Field(PORT_SETTING, convert=vlan_id),
    },
)


class Networks(TableAdapter[Network]):
    """Networks of all types. The server has no uuids for them. A standard network may have a VLAN for each host."""

    kind: ClassVar[type[Network]] = Network
    table = TABLE
    subtypes = {PORT_SETTING: "DistributedVirtualPortgroup"}
