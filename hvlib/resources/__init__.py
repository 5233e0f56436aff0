"""The domain models: a record type for each kind, a file a service."""

from __future__ import annotations

from hvlib.resources.compute import VM, Cluster, Flavor, Host, HostState, PowerState, Snapshot
from hvlib.resources.image import Image
from hvlib.resources.network import Network
from hvlib.resources.resource import Resource
from hvlib.resources.storage import StoragePool, Volume
from hvlib.resources.task import ENDED, Failure, TaskRecord, TaskState

__all__ = [
    "ENDED",
    "KINDS",
    "VM",
    "Cluster",
    "Failure",
    "Flavor",
    "Host",
    "HostState",
    "Image",
    "Network",
    "PowerState",
    "Resource",
    "Snapshot",
    "StoragePool",
    "TaskRecord",
    "TaskState",
    "Volume",
]

KINDS: dict[str, type[Resource]] = {
    kind.kind: kind for kind in (VM, Host, Cluster, Snapshot, Flavor, Network, StoragePool, Volume, Image, TaskRecord)
}
"""Every kind, by the name that refs give it."""
