"""Volumes: the objects of the class VDI that VMs can use as disks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from hvlib.driver import Started, action
from hvlib.driver.table import Column, Field, Joined, RefsTo, RefTo, Table, itself
from hvlib.model import actions
from hvlib.model.errors import Conflict, InvalidQuery
from hvlib.model.ref import Ref
from hvlib.model.resources import StoragePool, Volume
from hvlib_xenapi.adapter import LABELS, TAGS, LabelledAdapter
from hvlib_xenapi.joins import Backward, Beyond, Forward
from hvlib_xenapi.values import is_null, reference, references, stored_reference
from hvlib_xenapi.vm_class import CLASS, FLAGS, Named, kind_of
from hvlib_xenapi.wire.rows import Row

__all__ = ["Volumes"]

DISKS = ("user", "system", "ephemeral")
"""The types of VDIs that are VMs' disks. Disks that a template describes are ``system``, unless it says otherwise."""

NOT_DISKS = frozenset({"iso", "disk"})
"""The content types of SRs that hold CDs or a host's own drives."""


ATTACHED = Backward("VBD", ("VM",), by="VDI", refs="VBDs")
OWNERS = Beyond(CLASS, FLAGS, through=ATTACHED, via="VM")


def machines(attachments: Mapping[str, Row], owners: Mapping[str, Row]) -> Iterable[Named]:
    """Return the VMs, templates and snapshots that have a volume. All are objects of the class VM."""
    found = references(sorted(row.VM for row in attachments.values()))
    return [(kind, ref) for ref in found if (kind := kind_of(owners.get(ref))) is not None]


def bootable(attachments: Mapping[str, Row]) -> bool:
    """Tell whether a VM that has the volume may start from it."""
    return any(row.bootable for row in attachments.values())


def holds_disks(storage: Row | None) -> bool:
    """Tell whether the volumes of an SR are meant as disks of VMs."""
    return storage is not None and storage.content_type not in NOT_DISKS


FIELDS: Mapping[str, Column] = {
    **LABELS,
    **TAGS,
    "size_bytes": Field("virtual_size"),
    "pool": RefTo(StoragePool, Field("SR", convert=reference), stored="SR", encode=stored_reference),
    "vms": RefsTo(itself, Joined(ATTACHED, Joined(OWNERS, convert=lambda rows: rows), convert=machines)),
    "bootable": Joined(Backward("VBD", ("bootable",), by="VDI", refs="VBDs"), convert=bootable),
}

TABLE = Table(
    Volume,
    "VDI",
    FIELDS,
    where={"is_a_snapshot": False, "managed": True, "type": DISKS},
    accept=Joined(Forward("SR", ("content_type",), via="SR"), convert=holds_disks),
)

EVERY_VDI = Table(Volume, "VDI", FIELDS)
"""All VDIs. A VM may have any VDI as its disk, even a snapshot or a host's own drive, so every VDI can be read by ref.

To leave such VDIs out of a VM's volumes instead, each reading of a VM would have to read the class VDI, or to take a
third round trip: only that class says what a VDI is.
"""


class Volumes(LabelledAdapter[Volume]):
    """Virtual disks. Listings and lookups by name leave out snapshots, suspended memory and the server's own disks."""

    kind: ClassVar[type[Volume]] = Volume
    table = TABLE
    table_of_known = EVERY_VDI

    @action(actions.CreateVolume)
    def create(self, _: None, create: actions.CreateVolume) -> Started:
        """VDI.create, in the pool's default SR if none is named."""
        storage = self.client.login.default_storage if create.pool is None else create.pool.id
        if is_null(storage):
            raise InvalidQuery("the pool has no default SR", hint="pool=")
        record = {
            "name_label": create.name_label,
            "name_description": "",
            "SR": storage,
            "virtual_size": create.size_bytes,
            "type": "user",
            "sharable": False,
            "read_only": False,
            "other_config": {},
            "xenstore_data": {},
            "sm_config": {},
            "tags": [],
        }
        return self.start_task("VDI.create", record)

    @action(actions.ResizeVolume)
    def resize(self, volume: Ref, resize: actions.ResizeVolume) -> Started:
        """VDI.resize, or VDI.resize_online while a running VM has the volume."""
        allowed = self.record("VDI", volume.id, "allowed_operations").allowed_operations
        name = "VDI.resize" if "resize" in allowed or "resize_online" not in allowed else "VDI.resize_online"
        return self.start_task(name, volume.id, resize.size_bytes)

    @action(actions.Delete)
    def delete(self, volume: Ref, _: actions.Delete) -> Started:
        """VDI.destroy. `Conflict` while a VM has the volume: the server would delete it if the VM is off."""
        if self.record("VDI", volume.id, "VBDs").VBDs:
            raise Conflict(f"the volume {volume.id} is attached", hint="detach it first")
        return self.start_task("VDI.destroy", volume.id)
