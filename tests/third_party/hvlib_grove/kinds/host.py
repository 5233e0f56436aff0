"""Hosts: Grove's hosts."""

from __future__ import annotations

from hvlib.model.resources import Host, HostState
from hvlib_grove.adapter import TableAdapter
from hvlib_grove.table import Column
from hvlib_grove.values import mebibytes

__all__ = ["Hosts"]

STATES: dict[str, HostState] = {"online": "up", "offline": "down", "draining": "maintenance"}


class Hosts(TableAdapter[Host]):
    """The machines that run the others."""

    kind = Host
    collection = "hosts"
    table = {
        "uuid": Column("uuid"),
        "name_label": Column("name"),
        "state": Column("state", lambda word: STATES.get(word, "unknown")),
        "address": Column("address"),
        "cpus": Column("cores"),
        "memory_bytes": Column("memory_mib", mebibytes),
        "memory_free_bytes": Column("free_mib", mebibytes),
    }
