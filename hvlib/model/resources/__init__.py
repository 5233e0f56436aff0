"""The domain models: a record type for each kind, a file for each service."""

from __future__ import annotations

from hvlib.model.resources.compute import VM, Cluster, Flavor, Host, HostState, PowerState, Snapshot
from hvlib.model.resources.image import Image
from hvlib.model.resources.network import Network
from hvlib.model.resources.resource import Resource
from hvlib.model.resources.storage import StoragePool, Volume
from hvlib.model.resources.task import TaskRecord

__all__ = [
    "KINDS",
    "VM",
    "Cluster",
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
    "Volume",
]

KINDS: dict[str, type[Resource]] = {
    kind.kind: kind for kind in (VM, Host, Cluster, Snapshot, Flavor, Network, StoragePool, Volume, Image, TaskRecord)
}
"""The record type of every kind, by the kind's name in refs."""
