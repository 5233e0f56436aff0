"""Servers by the thousand: nova takes one to three seconds to make one, a copy of its rows a fraction of a millisecond.

The copies are listed, filtered, switched, renamed, resized, migrated and deleted like others. What they lack: a port in
neutron (nova tells an address of their own all the same), and their making among the actions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from ipaddress import IPv4Address
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid5

__all__ = ["add_servers"]

TABLES = {
    "nova": {
        "instances": "uuid",
        "instance_extra": "instance_uuid",
        "instance_info_caches": "instance_uuid",
        "instance_system_metadata": "instance_uuid",
        "block_device_mapping": "instance_uuid",
    },
    "nova_api": {"instance_mappings": "instance_uuid", "request_specs": "instance_uuid"},
    "placement": {"consumers": "uuid", "allocations": "consumer_id"},
}
"""What tells of a server, by database and table: the column that identifies it."""

ORIGINALS = """
    SELECT instances.uuid, display_name, json_extract(network_info, '$[0].network.subnets[0].ips[0].address')
    FROM instances JOIN instance_info_caches ON instance_uuid = uuid
    WHERE project_id = ? AND instances.deleted = 0 ORDER BY display_name, instances.id
"""
FIRST_ADDRESS = IPv4Address("10.1.64.0")  # of the seeded subnet, far from where neutron begins

Row = dict[str, Any]


class Identity(NamedTuple):
    """What is replaced in the rows of a server to make them another's."""

    uuid: str
    name: str
    address: str


def add_servers(folder: Path, project: str, names: Sequence[str]) -> None:
    """Copy a project's servers in a region that does not run, in turns, under new names."""
    with closing(sqlite3.connect(folder / "nova.sqlite")) as nova:
        originals = [Identity(*row) for row in nova.execute(ORIGINALS, [project])]
    copies = [
        Identity(_uuid(originals[0].uuid, name), name, str(FIRST_ADDRESS + number)) for number, name in enumerate(names)
    ]
    for database, tables in TABLES.items():
        with closing(sqlite3.connect(folder / f"{database}.sqlite")) as connection, connection:
            for table, key in tables.items():
                _copy_rows(connection, table, key, originals, copies)


def _copy_rows(
    connection: sqlite3.Connection, table: str, key: str, originals: Sequence[Identity], copies: Sequence[Identity]
) -> None:
    rows = {original: _rows(connection, table, key, original) for original in originals}
    made = [
        _as(copy, original, row)
        for copy, original in zip(copies, cycle(originals), strict=False)
        for row in rows[original]
    ]
    columns = list(made[0])
    marks = ", ".join(f":{column}" for column in columns)
    connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", made)


def _rows(connection: sqlite3.Connection, table: str, key: str, server: Identity) -> list[Row]:
    found = connection.execute(f"SELECT * FROM {table} WHERE {key} = ?", [server.uuid])
    columns = [column[0] for column in found.description]
    rows = [dict(zip(columns, row, strict=True)) for row in found]
    for row in rows:
        del row["id"]  # the table counts on
    return rows


def _as(copy: Identity, original: Identity, row: Row) -> Row:
    """Make the row of an original one of its copy."""
    new = dict(row)
    for column, value in row.items():
        if isinstance(value, str):
            for old, fresh in zip(original, copy, strict=True):
                value = value.replace(old, fresh)
            new[column] = value
    if row.keys() >= {"uuid", "instance_uuid"}:
        new["uuid"] = _uuid(copy.uuid, row["uuid"])  # a block device's own
    return new


def _uuid(namespace: str, name: str) -> str:
    """The same at each start."""
    return str(uuid5(UUID(namespace), name))
