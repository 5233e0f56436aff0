"""Converters: native values to the units and types of hvlib's fields.

They accept None, for a value that the server does not send, and text: inside a whole property (``native=True``),
numbers arrive as text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from sys import intern
from uuid import UUID, uuid5

from hvlib.driver.table import Constant
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Cluster, Host, Network, Resource, Snapshot, StoragePool, TaskRecord
from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.wire.decoding import parse_bool, parse_datetime

__all__ = [
    "NETWORK_TYPES",
    "SERVER_UUID",
    "either_text",
    "escape_name",
    "integer",
    "is_true",
    "kind_of",
    "mebibytes",
    "moment",
    "moref_of",
    "own_uuid",
    "plain_text",
    "unescape_name",
    "volume_id",
    "yes_or_no",
]

KINDS: Mapping[str, type[Resource]] = {
    "VirtualMachine": VM,
    "HostSystem": Host,
    "ClusterComputeResource": Cluster,
    "Network": Network,
    "DistributedVirtualPortgroup": Network,
    "OpaqueNetwork": Network,
    "Datastore": StoragePool,
    "VirtualMachineSnapshot": Snapshot,
    "Task": TaskRecord,
}
"""The kind for each type of the server's objects that has one."""

TYPES: Mapping[str, str] = {
    "VM": "VirtualMachine",
    "Image": "VirtualMachine",
    "Host": "HostSystem",
    "Cluster": "ClusterComputeResource",
    "Snapshot": "VirtualMachineSnapshot",
    "Network": "Network",
    "StoragePool": "Datastore",
    "Task": "Task",
}
"""The type of the server's objects for each kind; for networks the base type."""

NETWORK_TYPES = ("Network", "DistributedVirtualPortgroup", "OpaqueNetwork")
"""The types of networks; the first is the base type."""

NETWORKS = {"dvportgroup-": "DistributedVirtualPortgroup", "network-o": "OpaqueNetwork"}
"""The type of a network by the prefix of its identifier. Other networks are of the base type."""

SERVER_UUID = Constant(lambda client: UUID(client.login.server_uuid))
"""The server's own uuid."""

ESCAPED = re.compile("%(2f|25|5c)", re.IGNORECASE)


def kind_of(value: object) -> tuple[type[Resource], str] | None:
    """The kind and the identifier of the object that a reference names; None if its type has no kind."""
    kind = KINDS.get(value.type) if isinstance(value, MoRef) else None
    return None if kind is None else (kind, value.id)  # type: ignore[attr-defined]


def moref_of(ref: Ref) -> MoRef:
    """The server's reference to an object, with its exact type: the server does not find a network by the base type."""
    exact = next((type for start, type in NETWORKS.items() if ref.id.startswith(start)), None)
    return MoRef(exact if exact and ref.kind == Network.kind else TYPES[ref.kind], ref.id)


def own_uuid(id: str, server: UUID, known: str | None = None, stand_in: str | None = None) -> str:
    """The server's uuid of an object; without one, a UUIDv5 of the server's uuid and the object's identifier.

    | stand_in: the uuid by another property, for objects of which ``known`` can't be read now
    """
    return known or stand_in or str(uuid5(server, id))


def integer(value: int | str | None) -> int | None:
    """A number."""
    return None if value is None else int(value)


def mebibytes(value: int | str | None) -> int | None:
    """A number of mebibytes, in bytes."""
    return None if value is None else int(value) << 20


def is_true(value: object) -> bool:
    """A truth value; False if there is none."""
    return parse_bool(value) if isinstance(value, str) else value is True


def yes_or_no(value: object) -> bool | None:
    """A truth value; None if there is none."""
    return None if value is None else is_true(value)


def either_text(value: object, stand_in: object) -> str | None:
    """A text; without one, the other text that stands in for it."""
    return plain_text(value) or plain_text(stand_in)


def volume_id(vm: str, key: object) -> str:
    """The identifier of a virtual disk: that of its VM, and the key of the device."""
    return f"{vm}:{key}"


def plain_text(value: object) -> str | None:
    """A text; None if it is empty. Equal texts of many objects share one string."""
    return intern(value) if isinstance(value, str) and value else None


def moment(value: datetime | str | None) -> datetime | None:
    """A moment, in UTC; None if the server does not know it, and writes the beginning of 1970."""
    parsed = parse_datetime(value) if isinstance(value, str) else value
    if parsed is None or parsed.year <= 1970:
        return None
    return parsed.astimezone(UTC)


def unescape_name(name: str | None) -> str | None:
    r"""A name as users wrote it: the server stores ``/``, ``%`` and ``\`` as ``%2f``, ``%25`` and ``%5c``."""
    if name is None or "%" not in name:
        return name
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), name)


def escape_name(name: str) -> str:
    """A name as the server stores it."""
    return name.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")
