"""Networks: vim.Network and its subtypes, distributed port groups and opaque networks."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver.table import ID, Field, Table
from hvlib.model.resources import Network
from hvlib_vsphere.adapter import TableAdapter
from hvlib_vsphere.values import SERVER_UUID, own_uuid, unescape_name

__all__ = ["Networks"]

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
