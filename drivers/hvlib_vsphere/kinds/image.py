"""Images: templates, which are vim.VirtualMachine too."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver.table import ID, Constant, Field, Table
from hvlib.model.resources import Image
from hvlib_vsphere.adapter import IndexedAdapter
from hvlib_vsphere.problems import machine_problem
from hvlib_vsphere.templates import MACHINE, TEMPLATE
from hvlib_vsphere.values import SERVER_UUID, either_text, integer, is_true, moment, own_uuid, plain_text, unescape_name

__all__ = ["Images"]

TABLE = Table(
    Image,
    MACHINE,
    {
        "uuid": Field(ID, SERVER_UUID, "config.instanceUuid", "summary.config.instanceUuid", convert=own_uuid),
        "name_label": Field("name", convert=unescape_name),
        "description": Field("config.annotation", "summary.config.annotation", convert=either_text),
        "created_at": Field("config.createDate", convert=moment),
        "size_bytes": Field("summary.storage.committed", convert=integer),
        "guest_os": Field("summary.config.guestFullName", convert=plain_text),
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
