"""Flavors: nova's. Refs hold their names, as servers do: a server does not show its flavor's identifier."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID, uuid5

import msgspec

from hvlib.driver.table import Constant, Field, Table
from hvlib.model.resources import Flavor
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.values import gibibytes, mebibytes, text
from hvlib_openstack.wire.collection import Collection

__all__ = ["Flavors"]


class Size(msgspec.Struct):
    """The fields of a flavor that hvlib reads."""

    id: str
    name: str
    vcpus: int
    ram: int
    disk: int
    description: str | None = None


def uuid(id: str, region: UUID) -> str:
    """The flavor's identifier if it is a uuid; else a UUIDv5 of the region and the identifier."""
    try:
        return str(UUID(id))
    except ValueError:
        return str(uuid5(region, id))


TABLE = Table(
    Flavor,
    "flavors",
    {
        "uuid": Field("id", Constant(lambda client: UUID(client.login.about.uuid)), convert=uuid),
        "name_label": Field("name"),
        "description": Field("description", convert=text),
        "vcpus": Field("vcpus"),
        "memory_bytes": Field("ram", convert=mebibytes),
        "disk_bytes": Field("disk", convert=gibibytes),
    },
)


class Flavors(TableAdapter[Flavor]):
    """Flavors. An administrator sees all; others see the public ones and their project's."""

    kind: ClassVar[type[Flavor]] = Flavor
    table = TABLE
    collection = Collection("compute", "/flavors/detail", Size, id="name", parameters=[("is_public", "None")])
