"""The common parts of the OpenStack replay's records: identifiers, times, and the region.

The records are made up and the same at each start, with the fields that real services send to an administrator.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

__all__ = [
    "EPOCH",
    "FLAVORS",
    "IMAGES",
    "NETWORKS",
    "PROJECT_ID",
    "USER_ID",
    "Kind",
    "Record",
    "Region",
    "address",
    "encode",
    "mac",
    "made_at",
    "stamp",
    "uuid",
]

EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
PROJECT_ID = "8f0c5d5a7c5d4c5e9b1a6f3f00000001"
USER_ID = "2b9d6f1e4a8c4f0f8e7d3c1b00000001"
NETWORKS = 20
IMAGES = 200
FLAVORS = 24
SERVERS_OF_A_HOST = 50

Record = dict[str, Any]


class Kind(IntEnum):
    """The kind of a record, as a part of its identifier."""

    SERVER = 0xA001
    IMAGE = 0xA002
    NETWORK = 0xA003
    SUBNET = 0xA004
    PORT = 0xA005
    VOLUME = 0xA006
    HYPERVISOR = 0xA007
    AGGREGATE = 0xA008
    TYPE = 0xA009
    GROUP = 0xA00A
    SERVICE = 0xA00B
    ATTACHMENT = 0xA00C


@dataclass(frozen=True)
class Region:
    """A region with so many servers. The links in its records begin with ``origin``."""

    servers: int
    origin: str

    @property
    def hosts(self) -> int:
        """How many hosts the region has."""
        return max(1, -(-self.servers // SERVERS_OF_A_HOST))

    def host(self, server: int) -> str:
        """Return the name of a server's host."""
        return f"compute-{server % self.hosts:03}"


def encode(record: Record) -> bytes:
    """Encode a record as the services do, with spaces."""
    return json.dumps(record).encode()


def stamp(moment: datetime) -> str:
    """Format a time in whole seconds, as compute does."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def made_at(number: int) -> datetime:
    """Return when a record was made: each a second after the previous one."""
    return EPOCH + timedelta(seconds=number)


def uuid(kind: Kind, number: int) -> str:
    """Return a record's identifier. Identifiers sort like their numbers."""
    return f"{number:08x}-{kind:04x}-4000-8000-{number:012x}"


def mac(server: int) -> str:
    """Return the MAC address of a server's port."""
    return f"fa:16:3e:{server >> 16 & 255:02x}:{server >> 8 & 255:02x}:{server & 255:02x}"


def address(server: int) -> str:
    """Return the IP address of a server in its network."""
    return f"10.{server % NETWORKS}.{server >> 8 & 255}.{server & 255}"
