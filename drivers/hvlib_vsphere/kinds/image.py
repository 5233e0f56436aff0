"""Images: templates, which are vim.VirtualMachine too."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver.table import Constant, Field, Table
from hvlib.model.resources import Image
from hvlib_vsphere.adapter import IndexedAdapter
from hvlib_vsphere.columns import MACHINE_COLUMNS
from hvlib_vsphere.problems import machine_problem
from hvlib_vsphere.templates import MACHINE, TEMPLATE
from hvlib_vsphere.values import integer, is_true, plain_text

__all__ = ["Images"]

TABLE = Table(
    Image,
    MACHINE,
    {
        **MACHINE_COLUMNS,
        "size_bytes": Field("summary.storage.committed", convert=integer),
        "format": Constant(lambda _: "template"),
        "status": Field("runtime.connectionState", convert=plain_text),
        "problem": Field("runtime.connectionState", convert=machine_problem),
    },
    accept=Field(TEMPLATE, convert=is_true),
)


class Images(IndexedAdapter[Image]):
    """Templates. A VM that is marked as a template becomes an image, with the same uuid."""

    kind: ClassVar[type[Image]] = Image
    table = TABLE
    vm_search = True
    sparse = True
