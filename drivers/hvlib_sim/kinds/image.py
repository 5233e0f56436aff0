"""Images."""

from __future__ import annotations

from hvlib.model.resources import Image
from hvlib_sim.adapter import LabelledAdapter
from hvlib_sim.lab import objects
from hvlib_sim.table import Table, Value

__all__ = ["Images"]


class Images(LabelledAdapter[Image]):
    """Disks that VMs are created from."""

    kind = Image
    table = Table(
        Image,
        objects.Image,
        {"size_bytes": Value("size_bytes"), "guest_os": Value("guest_os"), "format": Value("format")},
    )
