"""Hosts: vim.HostSystem."""

from __future__ import annotations

from typing import Any, ClassVar

from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Cluster, Host, HostState
from hvlib_vsphere.adapter import TableAdapter
from hvlib_vsphere.table import One, Property, Reader, Table, Uuid
from hvlib_vsphere.values import integer, is_true, plain_text, unescape_name
from hvlib_vsphere.wire.client import Client
from hvlib_vsphere.wire.search import find_by_uuid

__all__ = ["Hosts"]


def host_state(connection: object, maintenance: object) -> HostState:
    """HostRuntimeInfo: a host in maintenance mode is connected too."""
    if connection in ("disconnected", "notResponding"):
        return "down"
    if connection != "connected":
        return "unknown"
    return "maintenance" if is_true(maintenance) else "up"


def memory_free(all_bytes: object, used_mebibytes: object) -> int | None:
    """The bytes of the host's memory that are not in use."""
    if all_bytes is None or used_mebibytes is None:
        return None
    return max(int(str(all_bytes)) - (int(str(used_mebibytes)) << 20), 0)


class ClusterOf(One):
    """The parent, if that is a cluster: a host that stands alone has a parent of its own."""

    def reader(self, client: Client) -> Reader:
        """Return the reader of this field."""
        read = super().reader(client)

        def cluster(values: Any) -> Ref | None:
            ref: Ref | None = read(values)
            return ref if ref is not None and ref.kind == Cluster.kind else None

        return cluster


TABLE = Table(
    Host,
    "HostSystem",
    {
        "uuid": Uuid("hardware.systemInfo.uuid"),
        "name_label": Property("name", convert=unescape_name),
        "state": Property("runtime.connectionState", "runtime.inMaintenanceMode", convert=host_state),
        "address": Property("name", convert=unescape_name),
        "product": Property("config.product.name", convert=plain_text),
        "version": Property("config.product.version", convert=plain_text),
        "cpus": Property("hardware.cpuInfo.numCpuThreads", convert=integer),
        "memory_bytes": Property("hardware.memorySize", convert=integer),
        "memory_free_bytes": Property(
            "hardware.memorySize", "summary.quickStats.overallMemoryUsage", convert=memory_free
        ),
        "cluster": ClusterOf("parent"),
    },
)


class Hosts(TableAdapter[Host]):
    """Hosts. A vCenter knows them by the name or address that they were added with."""

    kind: ClassVar[type[Host]] = Host
    table = TABLE

    def lookup(self, field: str, value: str, query: Query[Host]) -> list[Host]:
        """By uuid: SearchIndex.FindByUuid, then its properties: 2 round trips. By name: all names, then the matches."""
        if field != "uuid":
            return list(super().lookup(field, value, query))
        found = find_by_uuid(self.client, value, vms=False)
        return [] if found is None else list(self.get([self.client.context.ref(Host, found)], query))
