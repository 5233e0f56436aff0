"""Kinds of the storage service."""

from __future__ import annotations

from typing import ClassVar

from hvlib.model import actions
from hvlib.model.ref import Ref
from hvlib.model.resources.resource import Resource
from hvlib.model.task import Task

__all__ = ["StoragePool", "Volume"]


class StoragePool(Resource, frozen=True):
    """A place for volumes (a datastore, a storage repository, a volume type).

    | type: the server's word for its technology
    | capacity_bytes, free_bytes: all of it, and what is free now
    | shared: whether several hosts reach it
    """

    kind: ClassVar[str] = "StoragePool"

    type: str | None
    capacity_bytes: int | None
    free_bytes: int | None
    shared: bool | None


class Volume(Resource, frozen=True):
    """A virtual disk.

    | size_bytes: what the guest sees
    | pool: where it is kept
    | vms: what it is attached to
    | bootable: whether a VM can start from it
    """

    kind: ClassVar[str] = "Volume"

    size_bytes: int | None
    pool: Ref | None
    vms: tuple[Ref, ...]
    bootable: bool | None

    def resize(self, size_bytes: int) -> Task[Volume]:
        """Make it larger."""
        return self.do(actions.ResizeVolume(size_bytes))

    def delete(self) -> Task[None]:
        """Delete it. `InvalidState` or `Conflict` while it is attached."""
        return self.do(actions.Delete())
