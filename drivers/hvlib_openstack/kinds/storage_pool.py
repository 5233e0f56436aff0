"""Storage pools: cinder's volume types, with what the backends say that serve them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from hvlib.model.resources import StoragePool
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.joins import CAPACITIES
from hvlib_openstack.table import Column, Joined, Table
from hvlib_openstack.values import GIB, text

__all__ = ["StoragePools"]

BACKEND = "volume_backend_name"


class VolumeType(msgspec.Struct):
    """The fields of a volume type that hvlib reads."""

    id: str
    name: str
    description: str | None = None
    extra_specs: dict[str, str] = {}


def backend(extra_specs: Mapping[str, str]) -> str | None:
    """The backend that a type asks for."""
    return text(extra_specs.get(BACKEND))


def summed(figure: str) -> Callable[[Mapping[Any, Sequence[Any]], Mapping[str, str]], int | None]:
    """A converter that sums a figure over a type's backends: to None where one of them does not know it."""

    def total(capacities: Mapping[Any, Sequence[Any]], extra_specs: Mapping[str, str]) -> int | None:
        figures = [getattr(each, figure) for each in capacities.get(backend(extra_specs), ())]
        known = [value for value in figures if isinstance(value, (int, float))]
        return int(sum(known) * GIB) if known and len(known) == len(figures) else None

    return total


TABLE = Table(
    StoragePool,
    "block-storage",
    "/types",
    "volume_types",
    VolumeType,
    {
        "uuid": Column("id"),
        "name_label": Column("name"),
        "description": Column("description", convert=text),
        "type": Column("extra_specs", convert=backend, private=True),
        "capacity_bytes": Joined(CAPACITIES, "extra_specs", summed("total_capacity_gb"), private=True),
        "free_bytes": Joined(CAPACITIES, "extra_specs", summed("free_capacity_gb"), private=True),
    },
    item=("/types", "volume_type"),
    parameters=[("is_public", "None")],
)


class StoragePools(TableAdapter[StoragePool]):
    """Volume types."""

    kind: ClassVar[type[StoragePool]] = StoragePool
    table = TABLE
