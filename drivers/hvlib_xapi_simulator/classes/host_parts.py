"""The classes of parts of a host: metrics, processors, crash dumps."""

from __future__ import annotations

from hvlib_xapi_simulator.table import table

__all__ = ["host_cpu", "host_crashdump", "host_metrics"]

host_metrics = table(
    "host_metrics",
    """
    uuid | string | ro
    memory_total | int | ro
    memory_free | int | ro | 0
    live | bool | ro
    last_updated | datetime | ro
    other_config | (string -> string) map | rw | {}
    """,
    removed="get_memory_free",
)

host_cpu = table(
    "host_cpu",
    """
    uuid | string | ro
    host | host ref | ro
    number | int | ro
    vendor | string | ro
    speed | int | ro
    modelname | string | ro
    family | int | ro
    model | int | ro
    stepping | string | ro
    flags | string | ro
    features | string | ro
    utilisation | float | ro
    other_config | (string -> string) map | rw | {}
    """,
)

host_crashdump = table(
    "host_crashdump",
    """
    uuid | string | ro
    host | host ref | new
    timestamp | datetime | ro
    size | int | ro
    other_config | (string -> string) map | rw | {}
    """,
    """
    destroy(host_crashdump ref self)
    upload(host_crashdump ref self, string url, (string -> string) map options)
    """,
)
