"""What the records of the OpenStack replay have in common: identifiers, times, and the region that they are of.

The records are made up, the same ones at each start, with the fields that real services send to an administrator.
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
    "made",
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
    """What a record is, as a part of its identifier."""

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
    """A region with so many servers. ``origin`` is where its records' links lead."""

    servers: int
    origin: str

    @property
    def hosts(self) -> int:
        """How many hosts it has."""
        return max(1, -(-self.servers // SERVERS_OF_A_HOST))

    def host(self, server: int) -> str:
        """The name of a server's host."""
        return f"compute-{server % self.hosts:03}"


def encode(record: Record) -> bytes:
    """A record as the services send it, with spaces."""
    return json.dumps(record).encode()


def stamp(moment: datetime) -> str:
    """A time in whole seconds, as compute writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def made(number: int) -> datetime:
    """When a record was made: each a second after the one before."""
    return EPOCH + timedelta(seconds=number)


def uuid(kind: Kind, number: int) -> str:
    """The identifier of a record. They are in the order of their numbers."""
    return f"{number:08x}-{kind:04x}-4000-8000-{number:012x}"


def mac(server: int) -> str:
    """The address of a server's card."""
    return f"fa:16:3e:{server >> 16 & 255:02x}:{server >> 8 & 255:02x}:{server & 255:02x}"


def address(server: int) -> str:
    """The address of a server in its network."""
    return f"10.{server % NETWORKS}.{server >> 8 & 255}.{server & 255}"
