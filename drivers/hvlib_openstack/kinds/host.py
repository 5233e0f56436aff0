"""Hosts: nova's hypervisors. Only administrators see them."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from hvlib.driver.table import Field, Joined, RefTo, Table
from hvlib.model.resources import Cluster, Host, HostState
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.joins import AGGREGATES, SIZED
from hvlib_openstack.values import mebibytes, text
from hvlib_openstack.wire.collection import Collection

__all__ = ["Hosts"]


class ComputeService(msgspec.Struct):
    host: str


class Hypervisor(msgspec.Struct):
    """The fields of a hypervisor that hvlib reads."""

    id: str
    hypervisor_hostname: str
    service: ComputeService
    state: str = ""
    status: str = ""
    host_ip: str | None = None
    hypervisor_type: str | None = None
    hypervisor_version: int | None = None
    vcpus: int | None = None
    memory_mb: int | None = None
    free_ram_mb: int | None = None


def state(state: str, status: str) -> HostState:
    """The host's state. A host whose compute service an administrator has disabled is in maintenance."""
    if state == "down":
        return "down"
    return "maintenance" if status == "disabled" else "up" if state == "up" else "unknown"


def version(number: int | None) -> str | None:
    """The text of a version that nova shows as a number: 1002003 is 1.2.3."""
    parts: list[str] = []
    while number:
        number, part = divmod(number, 1000)
        parts.append(str(part))
    return ".".join(reversed(parts)) or None


TABLE = Table(
    Host,
    "hypervisors",
    {
        "uuid": Field("id"),
        "name_label": Field("hypervisor_hostname"),
        "state": Field("state", "status", convert=state),
        "address": Field("host_ip", convert=text),
        "product": Field("hypervisor_type", convert=text),
        "version": Field("hypervisor_version", convert=version),
        "cpus": Field("vcpus"),
        "memory_bytes": Field("memory_mb", convert=mebibytes),
        "memory_free_bytes": Field("free_ram_mb", convert=mebibytes),
        "cluster": RefTo(
            Cluster, Joined(AGGREGATES, "service", convert=lambda aggregates, service: aggregates.get(service.host))
        ),
    },
)


class Hosts(TableAdapter[Host]):
    """Hypervisors."""

    kind: ClassVar[type[Host]] = Host
    table = TABLE
    collection = Collection("compute", "/os-hypervisors/detail", Hypervisor, id="hypervisor_hostname", version=SIZED)
