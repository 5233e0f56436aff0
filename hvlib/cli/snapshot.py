"""``hv snapshot``."""

from __future__ import annotations

from hvlib.cli.listing import ListResources, ShowResource
from hvlib.model.resources import Snapshot

__all__ = ["ListSnapshots", "ShowSnapshot"]


class ListSnapshots(ListResources):
    """List snapshots."""

    kind = Snapshot
    columns = ("name_label", "vm", "created_at", "has_memory")


class ShowSnapshot(ShowResource):
    """Show one snapshot."""

    kind = Snapshot
