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

    | type: the server's name of its technology
    | capacity_bytes, free_bytes: the whole space, and the part that is free now
    | shared: whether several hosts can reach it
    """

    kind: ClassVar[str] = "StoragePool"

    type: str | None
    capacity_bytes: int | None
    free_bytes: int | None
    shared: bool | None


class Volume(Resource, frozen=True):
    """A virtual disk.

    | size_bytes: the size that the guest sees
    | pool: the storage pool that it is in
    | vms: the VMs that it is attached to; images and snapshots too, where they have volumes
    | bootable: whether a VM can start from it
    | status: the server's own word for its state
    | problem: a text if a person is needed, else None
    """

    kind: ClassVar[str] = "Volume"

    size_bytes: int | None
    pool: Ref | None
    vms: tuple[Ref, ...]
    bootable: bool | None
    status: str | None
    problem: str | None

    def resize(self, size_bytes: int) -> Task[Volume]:
        """Make the volume larger."""
        return self.do(actions.ResizeVolume(size_bytes))

    def delete(self) -> Task[None]:
        """Delete the volume. Raises `InvalidState` or `Conflict` while it is attached."""
        return self.do(actions.Delete())
