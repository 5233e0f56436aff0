"""Objects of a pool with unusual references: to objects that are gone, or that have an unusual kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.xenapi.records import is_image, new_disk
from servers.xapi import Xapi

import hvlib

__all__ = [
    "add_odd_objects",
    "attach",
    "disk_of",
    "drive",
    "new_vm",
    "ref_of",
    "snapshot_of_deleted_vm",
    "snapshot_of_template",
]


def add_odd_objects(server: Xapi) -> None:
    """Add one object of each sort. They do not change afterwards."""
    vm = new_vm(server, "with a host's drive")
    attach(server, vm, drive(server, "disk"))
    attach(server, vm, server.call("VDI.snapshot", disk_of(server, vm)))
    snapshot_of_deleted_vm(server)
    snapshot_of_template(server)


def new_vm(server: Xapi, name_label: str) -> str:
    """A VM with a disk."""
    template = next(ref for ref, row in all_of(server, "VM").items() if is_image(row) and row["VBDs"])
    vm = str(server.call("VM.clone", template, name_label))
    server.call("VM.provision", vm)
    return vm


def disk_of(server: Xapi, vm: str) -> str:
    """The first disk of a VM."""
    return next(row["VDI"] for row in all_of(server, "VBD").values() if row["VM"] == vm and row["type"] == "Disk")


def drive(server: Xapi, content: str) -> str:
    """A VDI in a repository with this type of content: ``disk`` for a host's own drives, ``iso`` for CDs."""
    [host, *_] = all_of(server, "host")
    repository = server.call("SR.create", host, {}, 2**32, f"holds {content}", "", "ext", content, False)
    return str(server.call("VDI.create", new_disk(f"a {content}", repository)))


def attach(server: Xapi, vm: str, disk: str, mode: str = "RO", **other_config: str) -> None:
    """Give a VM that is off a VDI as its disk."""
    record = {
        "VM": vm,
        "VDI": disk,
        "userdevice": "autodetect",
        "bootable": False,
        "mode": mode,
        "type": "Disk",
        "unpluggable": True,
        "empty": False,
        "other_config": other_config,
        "qos_algorithm_type": "",
        "qos_algorithm_params": {},
    }
    server.call("VBD.create", record)


def snapshot_of_deleted_vm(server: Xapi) -> str:
    """A snapshot that was kept when its VM was deleted."""
    vm = new_vm(server, "gone")
    snapshot = str(server.call("VM.snapshot", vm, "of a VM that is gone"))
    server.call("VM.destroy", vm)
    return snapshot


def snapshot_of_template(server: Xapi) -> str:
    """A snapshot of a VM that was turned into a template."""
    vm = new_vm(server, "turned into a template")
    snapshot = str(server.call("VM.snapshot", vm, "of a template"))
    server.call("VM.set_is_a_template", vm, True)
    return snapshot


def all_of(server: Xapi, cls: str) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = server.call(f"{cls}.get_all_records")
    return found


def ref_of(provider: hvlib.Provider, kind: str, id: str) -> hvlib.Ref:
    """The ref of an object that has this reference, if it is of this kind."""
    return hvlib.Ref(provider.about.uuid, kind, id)
