"""Virtual machines: nova's servers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

import msgspec
from msgspec import field

from hvlib.ref import Ref
from hvlib.resources import VM, Flavor, Host, Image, Network, PowerState, Volume
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.joins import NETWORKS
from hvlib_openstack.service import Parameters, Version
from hvlib_openstack.table import Column, Joined, Many, One, Table
from hvlib_openstack.values import mebibytes, moment, ordered, text

__all__ = ["VMs"]

STATUSES: Mapping[str, PowerState] = {
    "ACTIVE": "running",
    "PAUSED": "paused",
    "SUSPENDED": "suspended",
    "SHUTOFF": "halted",
    "SHELVED": "halted",
    "SHELVED_OFFLOADED": "halted",
    "SOFT_DELETED": "halted",
    "BUILD": "halted",
}
POWERS: Mapping[int | None, PowerState] = {
    None: "halted",
    0: "halted",
    1: "running",
    3: "paused",
    4: "halted",
    6: "halted",
    7: "suspended",
}
"""What the hypervisor says, where the status is that of something under way."""

SPECIAL = re.compile(r"([\\.^$*+?()\[\]{}|])")


class Address(msgspec.Struct):
    addr: str


class Size(msgspec.Struct):
    vcpus: int
    ram: int
    original_name: str = ""


class Properties(msgspec.Struct):
    os_distro: str | None = None
    os_type: str | None = None


class Picture(msgspec.Struct):
    id: str
    properties: Properties | None = None


class AttachedVolume(msgspec.Struct):
    id: str


class Server(msgspec.Struct):
    """What hvlib reads of a server."""

    id: str
    name: str
    status: str
    created: datetime
    description: str | None = None
    tags: list[str] = []
    power: int | None = field(name="OS-EXT-STS:power_state", default=None)
    flavor: Size | None = None
    image: Picture | str | None = None
    addresses: dict[str, list[Address]] = {}
    hostname: str | None = field(name="OS-EXT-SRV-ATTR:hostname", default=None)
    hypervisor: str | None = field(name="OS-EXT-SRV-ATTR:hypervisor_hostname", default=None)
    volumes: list[AttachedVolume] = field(name="os-extended-volumes:volumes_attached", default_factory=list)


def power_state(status: str, power: int | None) -> PowerState:
    """By the status; while something is under way, by what the hypervisor says."""
    return STATUSES.get(status) or POWERS.get(power, "unknown")


def addresses(networks: Mapping[str, Sequence[Address]]) -> tuple[str, ...]:
    """Those of all interfaces."""
    return tuple(dict.fromkeys([each.addr for known in networks.values() for each in known]))


def guest_os(image: Picture | str | None) -> str | None:
    """What the image said when the server was made of it."""
    properties = image.properties if isinstance(image, Picture) else None
    return None if properties is None else text(properties.os_distro) or text(properties.os_type)


TABLE = Table(
    VM,
    "compute",
    "/servers/detail",
    "servers",
    Server,
    {
        "uuid": Column("id"),
        "name_label": Column("name"),
        "description": Column("description", convert=text),
        "tags": Column("tags", convert=ordered),
        "created_at": Column("created", convert=moment),
        "power_state": Column("status", "power", convert=power_state),
        "vcpus": Column("flavor", convert=lambda flavor: flavor and flavor.vcpus),
        "memory_bytes": Column("flavor", convert=lambda flavor: flavor and mebibytes(flavor.ram)),
        "guest_os": Column("image", convert=guest_os, since=Version(2, 98)),
        "guest_hostname": Column("hostname", since=Version(2, 90)),
        "ip_addresses": Column("addresses", convert=addresses),
        "host": One(Column("hypervisor", convert=text, private=True), Host),
        "networks": Many(Joined(NETWORKS, "id", lambda networks, server: networks.get(server, ())), Network),
        "volumes": Many(Column("volumes", convert=lambda attached: [each.id for each in attached]), Volume),
        "image": One(Column("image", convert=lambda image: image.id if isinstance(image, Picture) else None), Image),
        "flavor": One(Column("flavor", convert=lambda flavor: flavor and text(flavor.original_name)), Flavor),
    },
    item=("/servers", "server"),
)


class VMs(TableAdapter[VM]):
    """Virtual machines."""

    kind: ClassVar[type[VM]] = VM
    table = TABLE

    def everything(self) -> Parameters:
        """The project's servers; all projects' if that was asked for."""
        return [("all_tenants", "1")] if self.session.all_projects else []

    def named(self, field: str, value: str) -> Parameters:
        """``name`` is a regular expression that is searched for."""
        return [("name", _exactly(value))] if field == "name_label" else []

    def compared(self, field: str, value: object) -> Parameters:
        """Of administrators nova also takes a host's name, as an expression; what others ask so, it ignores."""
        if field == "host" and isinstance(value, Ref):
            return [("node", _exactly(value.id))]
        return super().compared(field, value)


def _exactly(value: str) -> str:
    escaped = SPECIAL.sub(r"\\\1", value)
    return f"^{escaped}$"
