"""Servers made by copying the database rows of others. Nova makes a server in one to three seconds, a copy takes a few
milliseconds.

They are listed, filtered, switched, renamed, resized, migrated and deleted like others, and each has its own port and
address. They have no record of their creation among the actions, and not the volumes and tags of the original.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from ipaddress import IPv4Address
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple, Self
from uuid import UUID, uuid5

__all__ = ["Identity", "Original", "copy", "now", "originals"]

TABLES = {
    "nova": {
        "instances": "uuid = :uuid",
        "instance_extra": "instance_uuid = :uuid",
        "instance_info_caches": "instance_uuid = :uuid",
        "instance_system_metadata": "instance_uuid = :uuid",
        "block_device_mapping": "instance_uuid = :uuid AND volume_id IS NULL",
        "virtual_interfaces": "instance_uuid = :uuid",
    },
    "neutron": {
        "standardattributes": "id = (SELECT standard_attr_id FROM ports WHERE id = :port)",
        "ports": "id = :port",
        "portsecuritybindings": "port_id = :port",
        "ml2_port_bindings": "port_id = :port",
        "ml2_port_binding_levels": "port_id = :port",
        "securitygroupportbindings": "port_id = :port",
        "ipallocations": "port_id = :port",
        "ipamallocations": "ip_address = :address",
    },
    "placement": {"consumers": "uuid = :uuid", "allocations": "consumer_id = :uuid"},
    "nova_api": {"request_specs": "instance_uuid = :uuid", "instance_mappings": "instance_uuid = :uuid"},
}
"""The condition for a server's rows, by database and table. Nova finds a copy once the rows of the last table exist."""

ORIGINALS = """
    SELECT uuid, display_name, json_extract(network_info, '$[0].network.subnets[0].ips[0].address'),
        json_extract(network_info, '$[0].id'), json_extract(network_info, '$[0].address')
    FROM instances JOIN instance_info_caches ON instance_uuid = uuid
    WHERE project_id = ? AND instances.deleted = 0 AND json_extract(network_info, '$[0].id') IS NOT NULL
    ORDER BY display_name, instances.id
"""
FIRST_ADDRESS = IPv4Address("10.1.64.0")  # in the seeded subnet, far from the addresses that neutron assigns first
PREFIX = "fa:16:3e"  # neutron's prefix for MAC addresses
TIMES = ("created_at", "updated_at", "launched_at")
BUSY_TIMEOUT = 60.0

Row = dict[str, Any]


class Identity(NamedTuple):
    """The values to replace in the rows of a server to make them those of another server."""

    uuid: str
    name: str
    address: str
    port: str
    mac: str

    @classmethod
    def numbered(cls, uuid: str, name: str, number: int) -> Self:
        """Return the identity of a copy, whose number determines its addresses and whose uuid determines its port."""
        address = FIRST_ADDRESS + number
        mac = ":".join((PREFIX, *(f"{byte:02x}" for byte in address.packed[1:])))
        return cls(uuid, name, str(address), str(uuid5(UUID(uuid), "port")), mac)


class Original(NamedTuple):
    """A server that can be copied, with its rows by database and table."""

    identity: Identity
    rows: dict[str, dict[str, list[Row]]]


def originals(folder: Path, project: str) -> list[Original]:
    """Return the project's servers that have a port, sorted by name."""
    with closing(_open(folder, "nova")) as nova:
        identities = [Identity(*row) for row in nova.execute(ORIGINALS, [project])]
    originals: list[Original] = [Original(identity, {}) for identity in identities]
    for database, tables in TABLES.items():
        with closing(_open(folder, database)) as connection:
            connection.row_factory = sqlite3.Row
            for identity, rows in originals:
                values = identity._asdict()
                rows[database] = {
                    table: [dict(row) for row in connection.execute(f"SELECT * FROM {table} WHERE {condition}", values)]
                    for table, condition in tables.items()
                }
    return originals


def copy(folder: Path, originals: Sequence[Original], copies: Sequence[Identity]) -> None:
    """Add copies, taking the originals in turns. The services may run."""
    pairs = list(zip(copies, cycle(originals), strict=False))
    moment = now()
    for database, tables in TABLES.items():
        with closing(_open(folder, database)) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            attributes = _next_attributes(connection) if database == "neutron" else 0
            for table in tables:
                rows = [
                    _as(identity, original.identity, row, attributes + number, moment)
                    for number, (identity, original) in enumerate(pairs)
                    for row in original.rows[database][table]
                ]
                _insert(connection, table, rows)


def now() -> str:
    """Return the current time in the format of the services' databases."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _open(folder: Path, database: str) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / f"{database}.sqlite", timeout=BUSY_TIMEOUT)
    connection.execute("PRAGMA synchronous=OFF")
    return connection


def _next_attributes(connection: sqlite3.Connection) -> int:
    """Return the next free id in the table of attributes that all neutron objects have."""
    (last,) = connection.execute("SELECT max(id) FROM standardattributes").fetchone()
    return int(last) + 1


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[Row]) -> None:
    if rows:
        columns = list(rows[0])
        marks = ", ".join(f":{column}" for column in columns)
        connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def _as(copy: Identity, original: Identity, row: Row, attributes: int, moment: str) -> Row:
    """Return an original's row, changed into a row of the copy."""
    new = {column: _replaced(value, copy, original) for column, value in row.items()}
    new |= {column: moment for column in TIMES if new.get(column)}
    if "resource_type" in row:
        new["id"] = attributes
    elif isinstance(row.get("id"), int):
        del new["id"]  # the table numbers the row
    if "standard_attr_id" in row:
        new["standard_attr_id"] = attributes
    if "display_name" in row:
        new |= {"display_name": copy.name, "hostname": _hostname(copy.name)}
    if "instance_uuid" in row and row.get("uuid", original.port) != original.port:
        new["uuid"] = str(uuid5(UUID(copy.uuid), row["uuid"]))  # the uuid of a block device
    return new


def _replaced(value: Any, copy: Identity, original: Identity) -> Any:
    if isinstance(value, str):
        for old, new in (
            (original.uuid, copy.uuid),
            (original.address, copy.address),
            (original.port, copy.port),
            (original.port[:11], copy.port[:11]),  # in the name of a device
            (original.mac, copy.mac),
        ):
            value = value.replace(old, new)
    return value


def _hostname(name: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in name).strip("-").lower() or "server"
