"""Hosts: vim.HostSystem."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver.table import ID, Field, RefTo, Table
from hvlib.model.resources import Cluster, Host, HostState, Resource
from hvlib_vsphere.adapter import IndexedAdapter
from hvlib_vsphere.columns import NAME
from hvlib_vsphere.problems import host_problem
from hvlib_vsphere.values import SERVER_UUID, integer, is_true, kind_of, own_uuid, plain_text, unescape_name

__all__ = ["Hosts"]


def host_state(connection: object, maintenance: object) -> HostState:
    """A host's state, from its HostRuntimeInfo. A host in maintenance mode is also connected."""
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


def cluster_of(parent: object) -> tuple[type[Resource], str] | None:
    """The cluster that is a host's parent; None for a standalone host, whose parent is no cluster."""
    target = kind_of(parent)
    return None if target is None or target[0] is not Cluster else target


TABLE = Table(
    Host,
    "HostSystem",
    {
        "uuid": Field(ID, SERVER_UUID, "summary.hardware.uuid", convert=own_uuid),
        **NAME,
        "state": Field("runtime.connectionState", "runtime.inMaintenanceMode", convert=host_state),
        "address": Field("name", convert=unescape_name),
        "product": Field("summary.config.product.name", convert=plain_text),
        "version": Field("summary.config.product.version", convert=plain_text),
        "cpus": Field("summary.hardware.numCpuThreads", convert=integer),
        "memory_bytes": Field("summary.hardware.memorySize", convert=integer),
        "memory_free_bytes": Field(
            "summary.hardware.memorySize", "summary.quickStats.overallMemoryUsage", convert=memory_free
        ),
        "cluster": RefTo(cluster_of, "parent"),
        "status": Field("runtime.connectionState", convert=plain_text),
        "problem": Field("runtime.connectionState", convert=host_problem),
    },
)


class Hosts(IndexedAdapter[Host]):
    """Hosts. Their name in a vCenter is the name or address that they were added with."""

    kind: ClassVar[type[Host]] = Host
    table = TABLE
    vm_search = False
    witnesses = frozenset({"ClusterComputeResource"})
    scopes = {"cluster": "host"}
