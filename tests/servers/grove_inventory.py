"""The objects of a Grove server when it starts, and the addresses of its machines: the same at every start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["MACHINE", "addresses", "hosts", "vms"]

Object = dict[str, Any]

MACHINE: Object = {
    "note": None,
    "tags": [],
    "template": False,
    "from": None,
    "os": None,
    "state": "off",
    "cores": 1,
    "memory_mib": 1024,
    "disk_mib": 8192,
}
"""The default properties of a machine."""

NAMES = (
    "web-1",
    "web-1",
    "Web-1",
    "web-10",
    "build/linux",
    "100% cpu",
    "50%2foff",
    'the "old" one',
    "o'brien & sons",
    "Große Prüfung",
    "日本語 🌳",
    "db,primary",
    "db;replica=2",
    "<b>mail</b>",
    "back\\slash",
    "app+cache #3",
)
SYSTEMS = ("Debian 13", "Ubuntu 26.04", "Windows Server 2025", None)
STATES = ("on", "off", "on", "saved", "on", "off", "frozen")
FIRST_CREATED = 1_750_000_000.25
"""When the first machine was made, in seconds since 1970."""


def hosts(number: int) -> Iterator[Object]:
    """Generate hosts. The last one does not accept machines."""
    for index in range(number):
        yield {
            "name": f"grove-{index}.example.org",
            "state": "draining" if index == number - 1 else "online",
            "address": f"192.0.2.{index % 250}",
            "cores": 16,
            "memory_mib": 64 << 10,
        }


def vms(number: int, on: Sequence[str]) -> Iterator[Object]:
    """Generate machines of all kinds on the hosts ``on``, and two templates."""
    for index in range(number):
        size = index % 4
        vm = {
            **MACHINE,
            "name": NAMES[index] if index < len(NAMES) else f"vm {index}",
            "created": FIRST_CREATED + index,
            "host": on[index % len(on)],
            "os": SYSTEMS[index % len(SYSTEMS)],
            "state": STATES[index % len(STATES)],
            "cores": 1 + size,
            "memory_mib": 512 << size,
        }
        if index % 3 == 0:
            vm |= {"note": f"number {index}", "tags": ["web", f"team-{index % 2}", "Ärger"]}
        yield vm
    for name in ("debian", "windows/server"):
        yield {**MACHINE, "name": name, "created": FIRST_CREATED, "host": on[0], "os": name, "template": True}


def addresses(id: str, state: str) -> list[str]:
    """Return a machine's addresses: two while its state is on, else none."""
    number = int(id.rpartition("-")[2])
    return [f"198.51.100.{number % 250}", f"2001:db8::{number % 0xFFFF:x}"] if state == "on" else []
