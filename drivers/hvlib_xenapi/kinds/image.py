"""Images: templates, which are objects of the class VM."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver.table import Field, Table
from hvlib.model.resources import Image
from hvlib_xenapi.adapter import LABELS, TAGS, LabelledAdapter

__all__ = ["Images"]

TABLE = Table(
    Image,
    "VM",
    {**LABELS, **TAGS, "format": Field("is_a_template", convert=lambda _: "template")},
    where={"is_a_template": True, "is_a_snapshot": False, "is_control_domain": False},
)


class Images(LabelledAdapter[Image]):
    """Templates, including the ones that come with the server."""

    kind: ClassVar[type[Image]] = Image
    table = TABLE
