"""Converters: native values to the units and types of hvlib's fields.

They take None, where the server says nothing, and text: inside of a whole property (``native=True``) numbers are not
told from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from sys import intern
from uuid import UUID, uuid5

from hvlib.driver.table import Constant
from hvlib.model.resources import VM, Cluster, Host, Network, Resource, TaskRecord
from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.wire.decoding import parse_bool, parse_datetime

__all__ = [
    "SERVER_UUID",
    "escape_name",
    "integer",
    "is_true",
    "kind_of",
    "mebibytes",
    "moment",
    "own_uuid",
    "plain_text",
    "unescape_name",
]

KINDS: Mapping[str, type[Resource]] = {
    "VirtualMachine": VM,
    "HostSystem": Host,
    "ClusterComputeResource": Cluster,
    "Network": Network,
    "DistributedVirtualPortgroup": Network,
    "OpaqueNetwork": Network,
    "Task": TaskRecord,
}
"""The kind of each type of the server's objects that has one."""

SERVER_UUID = Constant(lambda client: UUID(client.login.server_uuid))
"""The server's own uuid."""

ESCAPED = re.compile("%(2f|25|5c)", re.IGNORECASE)


def kind_of(value: object) -> tuple[type[Resource], str] | None:
    """The kind of the object that a reference names, and its identifier; None for a type that has no kind."""
    kind = KINDS.get(value.type) if isinstance(value, MoRef) else None
    return None if kind is None else (kind, value.id)  # type: ignore[attr-defined]


def own_uuid(id: str, server: UUID, known: str | None = None) -> str:
    """The server's uuid of an object; where it has none, a UUIDv5 of the server's and the object's identifier."""
    return known or str(uuid5(server, id))


def integer(value: int | str | None) -> int | None:
    """A number."""
    return None if value is None else int(value)


def mebibytes(value: int | str | None) -> int | None:
    """A number of mebibytes, in bytes."""
    return None if value is None else int(value) << 20


def is_true(value: object) -> bool:
    """A truth value; without one, False."""
    return parse_bool(value) if isinstance(value, str) else value is True


def plain_text(value: object) -> str | None:
    """A text that many objects share is kept once; an empty one says nothing."""
    return intern(value) if isinstance(value, str) and value else None


def moment(value: datetime | str | None) -> datetime | None:
    """A moment, in UTC. The server writes the beginning of 1970 where it does not know."""
    known = parse_datetime(value) if isinstance(value, str) else value
    if known is None or known.year <= 1970:
        return None
    return known.astimezone(UTC)


def unescape_name(name: str | None) -> str | None:
    r"""A name as people wrote it: the server keeps ``/``, ``%`` and ``\`` as ``%2f``, ``%25`` and ``%5c``."""
    if name is None or "%" not in name:
        return name
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)


def escape_name(name: str) -> str:
    """A name as the server keeps it."""
    return name.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")
