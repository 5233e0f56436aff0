"""Hosts."""

from __future__ import annotations

from hvlib.model.resources import Cluster, Host
from hvlib_sim.adapter import TableAdapter
from hvlib_sim.lab import objects
from hvlib_sim.table import OneRef, Table, Value

__all__ = ["Hosts"]


class Hosts(TableAdapter[Host]):
    """``memory_free_bytes`` is what VMs that run or are paused leave."""

    kind = Host
    table = Table(
        Host,
        objects.Host,
        {
            "state": Value("state"),
            "address": Value("address"),
            "product": Value("product"),
            "version": Value("version"),
            "cpus": Value("cpus"),
            "memory_bytes": Value("memory_bytes"),
            "memory_free_bytes": Value("memory_free_bytes"),
            "cluster": OneRef("cluster", Cluster),
        },
    )
