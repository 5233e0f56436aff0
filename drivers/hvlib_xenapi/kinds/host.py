"""Hosts: the class host, with host_metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from hvlib.driver.table import Constant, Field, Joined, RefTo, Table
from hvlib.model.resources import Cluster, Host, HostState
from hvlib_xenapi.adapter import LABELS, TAGS, LabelledAdapter
from hvlib_xenapi.joins import Forward
from hvlib_xenapi.values import text
from hvlib_xenapi.wire.rows import Row

__all__ = ["Hosts"]

LIVE = Forward("host_metrics", ("live",), via="metrics")
TOTAL = Forward("host_metrics", ("memory_total",), via="metrics")
FREE = Forward("host_metrics", ("memory_free",), via="metrics")


def state(metrics: Row | None, enabled: bool) -> HostState:
    """The state of a host. A disabled host takes no VMs: it is in maintenance."""
    if metrics is None:
        return "unknown"
    if not metrics.live:
        return "down"
    return "up" if enabled else "maintenance"


def cpus(info: Mapping[str, str]) -> int | None:
    """The number of logical processors; None if it is unknown."""
    count = info.get("cpu_count", "")
    return int(count) if count.isdigit() else None


TABLE = Table(
    Host,
    "host",
    {
        **LABELS,
        **TAGS,
        "state": Joined(LIVE, "enabled", convert=state),
        "address": Field("address", convert=text, stored="address"),
        "product": Field("software_version", convert=lambda version: text(version.get("product_brand"))),
        "version": Field("software_version", convert=lambda version: text(version.get("product_version"))),
        "cpus": Field("cpu_info", convert=cpus),
        "memory_bytes": Joined(TOTAL, convert=lambda metrics: metrics and metrics.memory_total),
        "memory_free_bytes": Joined(FREE, convert=lambda metrics: metrics and metrics.memory_free),
        "cluster": RefTo(Cluster, Constant(lambda client: client.login.pool)),
    },
)


class Hosts(LabelledAdapter[Host]):
    """The pool's hosts."""

    kind: ClassVar[type[Host]] = Host
    table = TABLE
