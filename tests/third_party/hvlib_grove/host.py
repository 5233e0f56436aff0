"""Hosts: Grove's hosts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from hvlib.model.resources import Host, HostState
from hvlib_grove.adapter import Column, GroveAdapter, mebibytes

__all__ = ["Hosts"]

STATES: Mapping[str, HostState] = {"online": "up", "offline": "down", "draining": "maintenance"}


def host_state(word: str) -> HostState:
    """A state that hvlib has no word for is unknown."""
    return STATES.get(word, "unknown")


class Hosts(GroveAdapter[Host]):
    """The machines that run the others."""

    kind: ClassVar[type[Host]] = Host
    collection = "hosts"
    table = {
        "uuid": Column("uuid"),
        "name_label": Column("name"),
        "state": Column("state", host_state),
        "address": Column("address"),
        "cpus": Column("cores"),
        "memory_bytes": Column("memory_mib", mebibytes),
        "memory_free_bytes": Column("free_mib", mebibytes),
    }
