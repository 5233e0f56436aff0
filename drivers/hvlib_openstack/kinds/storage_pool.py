"""Storage pools: cinder's volume types, with the capacities of the backends that serve them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from hvlib.driver.table import Field, Joined, Table
from hvlib.model.resources import StoragePool
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.joins import CAPACITIES
from hvlib_openstack.values import GIB, text
from hvlib_openstack.wire.collection import Collection

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
    """A converter that sums a figure over a type's backends; None if a backend does not know it."""

    def total(capacities: Mapping[Any, Sequence[Any]], extra_specs: Mapping[str, str]) -> int | None:
        figures = [getattr(capabilities, figure) for capabilities in capacities.get(backend(extra_specs), ())]
        known = [value for value in figures if isinstance(value, (int, float))]
        return int(sum(known) * GIB) if known and len(known) == len(figures) else None

    return total


TABLE = Table(
    StoragePool,
    "volume_types",
    {
        "uuid": Field("id"),
        "name_label": Field("name"),
        "description": Field("description", convert=text),
        "type": Field("extra_specs", convert=backend, private=True),
        "capacity_bytes": Joined(CAPACITIES, "extra_specs", convert=summed("total_capacity_gb"), private=True),
        "free_bytes": Joined(CAPACITIES, "extra_specs", convert=summed("free_capacity_gb"), private=True),
    },
)


class StoragePools(TableAdapter[StoragePool]):
    """Volume types."""

    kind: ClassVar[type[StoragePool]] = StoragePool
    table = TABLE
    collection = Collection(
        "block-storage", "/types", VolumeType, item=("/types", "volume_type"), parameters=[("is_public", "None")]
    )
