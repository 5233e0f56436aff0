"""Volumes: the virtual disks of VMs, vim.vm.device.VirtualDisk. The server lists no disks apart from their VMs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar
from uuid import UUID

from hvlib.driver.table import ID, Field, RefsTo, RefTo, Table, itself
from hvlib.model.ref import Ref
from hvlib.model.resources import Volume
from hvlib_vsphere.data_objects import TYPE_KEY, MoRef
from hvlib_vsphere.parts import OWNER, PartsAdapter
from hvlib_vsphere.property.spec import ObjectSpec
from hvlib_vsphere.templates import MACHINE, TEMPLATE
from hvlib_vsphere.values import SERVER_UUID, kind_of, own_uuid, plain_text, volume_id
from hvlib_vsphere.wire.decoding import as_tuple

__all__ = ["Volumes"]

Backing = Mapping[str, Any]

KIBIBYTE = 1024


def disk_uuid(id: str, server: UUID, backing: Backing | None) -> str:
    """The uuid of a disk's file; a UUIDv5 for a disk without a file, such as a whole LUN."""
    return own_uuid(id, server, (backing or {}).get("uuid"))


def size(kibibytes: int | None, exact: int | None) -> int | None:
    """A disk's size in bytes. Servers older than 5.5 tell it in kibibytes alone."""
    if exact is None:
        return None if kibibytes is None else kibibytes * KIBIBYTE
    return exact


TABLE = Table(
    Volume,
    MACHINE,
    {
        "uuid": Field(ID, SERVER_UUID, "backing", convert=disk_uuid),
        "name_label": Field("backing", convert=lambda backing: (backing or {}).get("fileName") or ""),
        "description": Field("deviceInfo", convert=lambda info: plain_text((info or {}).get("label"))),
        "size_bytes": Field("capacityInKB", "capacityInBytes", convert=size),
        "pool": RefTo(kind_of, Field("backing", convert=lambda backing: (backing or {}).get("datastore"))),
        "vms": RefsTo(itself, Field(OWNER, convert=lambda owner: (owner,))),
    },
)


class Volumes(PartsAdapter[Volume]):
    """Virtual disks. A volume's identifier is that of its VM and the key of the device: it lasts while it is attached.

    Its name is that of its file. Several VMs may have disks with one file, and so with one uuid.
    """

    kind: ClassVar[type[Volume]] = Volume
    table = TABLE
    source = "config.hardware.device"
    paths = (TEMPLATE, source)
    structure = "VirtualDisk"

    def objects_of(self, refs: Iterable[Ref]) -> list[ObjectSpec]:
        """`PartsAdapter.objects_of`."""
        vms = dict.fromkeys(ref.id.rpartition(":")[0] for ref in refs if ref.kind == self.kind.kind)
        return [ObjectSpec(MoRef(MACHINE, vm)) for vm in vms if vm]

    def parts(self, vm: MoRef, value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """`PartsAdapter.parts`."""
        for device in as_tuple(value):
            if device.get(TYPE_KEY) == self.structure:
                yield volume_id(vm.id, device["key"]), device
