"""Hosts: Grove's hosts."""

from __future__ import annotations

from hvlib.driver.table import Field, Table
from hvlib.model.resources import Host, HostState
from hvlib_grove.adapter import TableAdapter
from hvlib_grove.values import mebibytes

__all__ = ["Hosts"]

STATES: dict[str, HostState] = {"online": "up", "offline": "down", "draining": "maintenance"}


class Hosts(TableAdapter[Host]):
    """Hosts, which run VMs."""

    kind = Host
    table = Table(
        Host,
        "hosts",
        {
            "uuid": Field("uuid", stored="uuid"),
            "name_label": Field("name", stored="name"),
            "state": Field("state", convert=lambda word: STATES.get(word, "unknown")),
            "address": Field("address"),
            "cpus": Field("cores"),
            "memory_bytes": Field("memory_mib", convert=mebibytes),
            "memory_free_bytes": Field("free_mib", convert=mebibytes),
        },
    )
