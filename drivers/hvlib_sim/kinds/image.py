"""Images."""

from __future__ import annotations

from hvlib.driver.table import Table
from hvlib.model.resources import Image
from hvlib_sim.adapter import LabelledAdapter
from hvlib_sim.fields import COMMON, attributes
from hvlib_sim.lab import objects

__all__ = ["Images"]


class Images(LabelledAdapter[Image]):
    """Disks that VMs are created from."""

    kind = Image
    source = objects.Image
    table = Table(
        Image,
        "Image",
        {
            **COMMON,
            **attributes("size_bytes", "guest_os", "format", "status", "problem"),
        },
    )
