"""Copies of disks."""

from __future__ import annotations

from hvlib_xapi_simulator.database import Database, new_ref, new_uuid
from hvlib_xapi_simulator.devices import update_operations
from hvlib_xapi_simulator.values import EPOCH, NULL, now

__all__ = ["allocate", "copy_disk"]


def copy_disk(database: Database, disk: str, *, snapshot: bool = False, repository: str = NULL) -> str:
    """Add a copy of a disk, in another repository if one is given; return it."""
    with database.lock:
        fields = database.get("VDI", disk)
        made = {
            **fields,
            "uuid": new_uuid(),
            "location": new_uuid(),
            "allowed_operations": [],
            "current_operations": {},
            "VBDs": [],
            "crash_dumps": [],
            "snapshots": [],
            "is_a_snapshot": snapshot,
            "snapshot_of": disk if snapshot else NULL,
            "snapshot_time": now() if snapshot else EPOCH,
            "SR": repository if repository != NULL else fields["SR"],
        }
        ref = database.create("VDI", new_ref(), made)
        update_operations(database, "VDI", ref)
        allocate(database, made["SR"], made["virtual_size"])
    return ref


def allocate(database: Database, repository: str, size: int) -> None:
    """Add a disk's size to its repository's allocation. The size is negative if the disk is removed."""
    with database.lock:
        allocated = database.get("SR", repository)["virtual_allocation"]
        database.write("SR", repository, virtual_allocation=allocated + size)
