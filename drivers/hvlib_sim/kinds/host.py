"""Hosts."""

from __future__ import annotations

from hvlib.driver.table import Field, Table
from hvlib.model.resources import Cluster, Host
from hvlib_sim.adapter import TableAdapter
from hvlib_sim.fields import COMMON, attributes, ref_to
from hvlib_sim.lab import objects

__all__ = ["Hosts"]


class Hosts(TableAdapter[Host]):
    """Hosts. ``memory_free_bytes`` is the memory that running and paused VMs leave free."""

    kind = Host
    source = objects.Host
    table = Table(
        Host,
        "Host",
        {
            **COMMON,
            **attributes("state", "address", "product", "version", "cpus", "memory_bytes", "memory_free_bytes"),
            "cluster": ref_to(Cluster, "cluster"),
            "status": Field("state", stored="state"),
            **attributes("problem"),
        },
    )
