"""Joins: other collections that a kind's fields are made of, each read in one request for all objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from hvlib.driver.table import Code
from hvlib_openstack.paging import pages
from hvlib_openstack.version import Version
from hvlib_openstack.wire.client import Client
from hvlib_openstack.wire.service import Parameters

__all__ = [
    "AGGREGATES",
    "CAPACITIES",
    "HYPERVISORS",
    "MAX_SINGLE_READS",
    "NETWORKS",
    "SIZED",
    "SUBNETS",
    "Hypervisor",
    "Join",
    "sized",
]

MAX_SINGLE_READS = 40
"""Up to how many objects are read by identifier or one by one; for more objects, whole collections are read."""

SIZED = Version(2, 87)
"""The last microversion in which a hypervisor shows its processors and memory."""

Found = Mapping[str, Any]
"""The joined values, by the identifier of the object that they are joined to."""


class Join(msgspec.Struct, frozen=True):
    """A collection that is read along with another one. ``read`` takes the ids of the objects to join; None: all."""

    name: str
    read: Callable[[Client, Sequence[str] | None], Found]
    natives: ClassVar[Sequence[str]] = ()
    """`hvlib.driver.table.Join.natives`: none, since a converter picks the object's part of the joined values."""

    def source(self, code: Code) -> str:
        """`hvlib.driver.table.Join.source`."""
        return code.bind(code.joined.get(self.name, {}))


class Port(msgspec.Struct, gc=False):
    id: str
    device_id: str
    network_id: str
    created_at: datetime | None = None


class Subnet(msgspec.Struct):
    network_id: str
    cidr: str


class ComputeService(msgspec.Struct):
    host: str


class Hypervisor(msgspec.Struct):
    """A hypervisor's own name, and the name of its compute service's host."""

    hypervisor_hostname: str
    service: ComputeService


class Aggregate(msgspec.Struct):
    id: int
    hosts: list[str] = []
    availability_zone: str | None = None


class Capabilities(msgspec.Struct):
    volume_backend_name: str | None = None
    total_capacity_gb: float | str | None = None
    free_capacity_gb: float | str | None = None


class Backend(msgspec.Struct):
    capabilities: Capabilities


def sized(client: Client) -> Version:
    """The microversion of requests for hypervisors."""
    return min(SIZED, client.login.compute)


def _networks(client: Client, servers: Sequence[str] | None) -> Found:
    """The networks of servers by neutron's ports, in the order in which they were attached."""
    wanted = [("device_id", id) for id in servers or ()]
    ports = [
        port
        for page in pages(client.service("network"), "/ports", "ports", parameters=_only(Port, wanted), type=Port)
        for port in page.items
    ]
    ports.sort(key=lambda port: (port.created_at is None, port.created_at, port.id))
    found: dict[str, dict[str, None]] = defaultdict(dict)
    names: dict[str, str] = {}
    for port in ports:
        network = names.setdefault(port.network_id, port.network_id)
        found[port.device_id][network] = None
    return found


def _subnets(client: Client, networks: Sequence[str] | None) -> Found:
    wanted = [("network_id", id) for id in networks or ()]
    found: dict[str, list[str]] = defaultdict(list)
    for page in pages(client.service("network"), "/subnets", "subnets", parameters=_only(Subnet, wanted), type=Subnet):
        for subnet in page.items:
            found[subnet.network_id].append(subnet.cidr)
    return {network: tuple(sorted(cidrs)) for network, cidrs in found.items()}


def _hypervisors(client: Client, _: Sequence[str] | None) -> Found:
    """The hypervisors of each compute service's host."""
    found: dict[str, list[str]] = defaultdict(list)
    path = "/os-hypervisors/detail"
    for page in pages(client.compute, path, "hypervisors", type=Hypervisor, version=sized(client)):
        for hypervisor in page.items:
            found[hypervisor.service.host].append(hypervisor.hypervisor_hostname)
    return found


def _aggregates(client: Client, _: Sequence[str] | None) -> Found:
    """The aggregate of each compute service's host. Of several, an availability zone is preferred, else the first."""
    reply = client.compute.get("/os-aggregates", version=client.login.compute)
    aggregates = reply.read(dict[str, list[Aggregate]])["aggregates"]
    aggregates.sort(key=lambda aggregate: (aggregate.availability_zone is None, aggregate.id))
    found: dict[str, str] = {}
    for aggregate in aggregates:
        for host in aggregate.hosts:
            found.setdefault(host, str(aggregate.id))
    return found


def _capacities(client: Client, _: Sequence[str] | None) -> Found:
    """The capabilities of cinder's backends by the backend's name, and of all backends under None."""
    reply = client.service("block-storage").get("/scheduler-stats/get_pools", [("detail", "true")])
    found: dict[Any, list[Capabilities]] = defaultdict(list)
    for backend in reply.read(dict[str, list[Backend]])["pools"]:
        found[None].append(backend.capabilities)
        found[backend.capabilities.volume_backend_name].append(backend.capabilities)
    return found


def _only(type: Any, wanted: Parameters) -> Parameters:
    """The parameters ``wanted``, and those that limit neutron's reply to the fields of ``type``."""
    return [*(("fields", field) for field in type.__struct_fields__), *wanted]


NETWORKS = Join("networks", _networks)
SUBNETS = Join("subnets", _subnets)
HYPERVISORS = Join("hypervisors", _hypervisors)
AGGREGATES = Join("aggregates", _aggregates)
CAPACITIES = Join("capacities", _capacities)
