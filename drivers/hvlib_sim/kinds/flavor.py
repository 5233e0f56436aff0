"""Flavors."""

from __future__ import annotations

from hvlib.driver.table import Table
from hvlib.model.resources import Flavor
from hvlib_sim.adapter import TableAdapter
from hvlib_sim.fields import COMMON, attributes
from hvlib_sim.lab import objects

__all__ = ["Flavors"]


class Flavors(TableAdapter[Flavor]):
    """Flavors. A lab has no actions on them."""

    kind = Flavor
    source = objects.Flavor
    table = Table(
        Flavor,
        "Flavor",
        {
            **COMMON,
            **attributes("vcpus", "memory_bytes", "disk_bytes"),
        },
    )
