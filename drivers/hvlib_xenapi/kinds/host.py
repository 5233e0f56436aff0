"""Hosts: the class host, with host_metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from hvlib.model.resources import Host, HostState
from hvlib_xenapi.adapter import LabelledAdapter
from hvlib_xenapi.joins import Forward
from hvlib_xenapi.table import LABELS, TAGS, Column, Joined, Pool, Table, text
from hvlib_xenapi.wire.rows import Row

__all__ = ["Hosts"]

LIVE = Forward("host_metrics", ("live",), via="metrics")
TOTAL = Forward("host_metrics", ("memory_total",), via="metrics")
FREE = Forward("host_metrics", ("memory_free",), via="metrics")


def state(metrics: Row | None, enabled: bool) -> HostState:
    """A host that is disabled takes no VMs: it is in maintenance."""
    if metrics is None:
        return "unknown"
    if not metrics.live:
        return "down"
    return "up" if enabled else "maintenance"


def cpus(info: Mapping[str, str]) -> int | None:
    """Logical processors."""
    count = info.get("cpu_count", "")
    return int(count) if count.isdigit() else None


TABLE = Table(
    Host,
    "host",
    {
        **LABELS,
        **TAGS,
        "state": Joined(LIVE, state, "enabled"),
        "address": Column("address", convert=text, stored="address"),
        "product": Column("software_version", convert=lambda version: text(version.get("product_brand"))),
        "version": Column("software_version", convert=lambda version: text(version.get("product_version"))),
        "cpus": Column("cpu_info", convert=cpus),
        "memory_bytes": Joined(TOTAL, lambda metrics: metrics and metrics.memory_total),
        "memory_free_bytes": Joined(FREE, lambda metrics: metrics and metrics.memory_free),
        "cluster": Pool(),
    },
)


class Hosts(LabelledAdapter[Host]):
    """The pool's hosts."""

    kind: ClassVar[type[Host]] = Host
    table = TABLE
