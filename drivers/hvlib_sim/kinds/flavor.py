"""Flavors."""

from __future__ import annotations

from hvlib.model.resources import Flavor
from hvlib_sim.adapter import TableAdapter
from hvlib_sim.lab import objects
from hvlib_sim.table import Table, Value

__all__ = ["Flavors"]


class Flavors(TableAdapter[Flavor]):
    """They can't be changed."""

    kind = Flavor
    table = Table(
        Flavor,
        objects.Flavor,
        {"vcpus": Value("vcpus"), "memory_bytes": Value("memory_bytes"), "disk_bytes": Value("disk_bytes")},
    )
