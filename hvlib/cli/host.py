"""``hv host``."""

from __future__ import annotations

from hvlib.cli.listing import ListResources, ShowResource
from hvlib.model.resources import Host

__all__ = ["ListHosts", "ShowHost"]


class ListHosts(ListResources):
    """List hosts."""

    kind = Host
    state = "state"
    columns = ("name_label", "state", "product", "version", "cpus", "memory_bytes", "memory_free_bytes")


class ShowHost(ShowResource):
    """Show one host."""

    kind = Host
