"""Flavors: nova's. Refs name them by their names, as servers do: a server does not tell its flavor's identifier."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID, uuid5

import msgspec

from hvlib.model.resources import Flavor
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.listing import Joins
from hvlib_openstack.table import Column, Reader, Table
from hvlib_openstack.values import gibibytes, mebibytes, text
from hvlib_openstack.wire.client import Client
from hvlib_openstack.wire.rows import Row

__all__ = ["Flavors"]


class Size(msgspec.Struct):
    """The fields of a flavor that hvlib reads."""

    id: str
    name: str
    vcpus: int
    ram: int
    disk: int
    description: str | None = None


class Uuid(Column):
    """The flavor's identifier, where that is a uuid; else a UUIDv5 of it and the region."""

    def reader(self, client: Client, joins: Joins) -> Reader:  # noqa: ARG002
        """`Column.reader`."""
        region = UUID(client.login.about.uuid)

        def read(row: Row) -> str:
            try:
                return str(UUID(row.id))
            except ValueError:
                return str(uuid5(region, row.id))

        return read


TABLE = Table(
    Flavor,
    "compute",
    "/flavors/detail",
    "flavors",
    Size,
    {
        "uuid": Uuid("id"),
        "name_label": Column("name"),
        "description": Column("description", convert=text),
        "vcpus": Column("vcpus"),
        "memory_bytes": Column("ram", convert=mebibytes),
        "disk_bytes": Column("disk", convert=gibibytes),
    },
    id="name",
    parameters=[("is_public", "None")],
)


class Flavors(TableAdapter[Flavor]):
    """Flavors; of those that are not public, an administrator sees all, others their project's."""

    kind: ClassVar[type[Flavor]] = Flavor
    table = TABLE
