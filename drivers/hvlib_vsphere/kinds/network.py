"""Networks: vim.Network and its subtypes, distributed port groups and opaque networks."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver.table import Table
from hvlib.model.resources import Network
from hvlib_vsphere.adapter import TableAdapter
from hvlib_vsphere.columns import DERIVED_UUID, NAME

__all__ = ["Networks"]

TABLE = Table(
    Network,
    "Network",
    {
        **DERIVED_UUID,
        **NAME,
    },
)


class Networks(TableAdapter[Network]):
    """Networks of all types. The server has no uuids for them."""

    kind: ClassVar[type[Network]] = Network
    table = TABLE
