"""A provider's services: the collections that each holds, and the methods that create objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hvlib.api.collection import Collection
from hvlib.model.actions import CreateNetwork, CreateVM, CreateVolume
from hvlib.model.binding import BoundProvider
from hvlib.model.ref import Ref, as_ref, as_refs
from hvlib.model.resources import VM, Cluster, Flavor, Host, Image, Network, Resource, Snapshot, StoragePool, Volume
from hvlib.model.task import Task
from hvlib.runtime.operations import Operations

__all__ = ["Compute", "Images", "NetworkService", "Networks", "Storage", "VMs", "Volumes"]


class VMs(Collection[VM]):
    """``provider.compute.vms``."""

    def create(
        self,
        name_label: str,
        *,
        image: Ref | Resource,
        flavor: Ref | Resource | None = None,
        vcpus: int | None = None,
        memory_bytes: int | None = None,
        networks: Iterable[Ref | Resource] = (),
        volumes: Iterable[Ref | Resource] = (),
        host: Ref | Resource | None = None,
        cluster: Ref | Resource | None = None,
        pool: Ref | Resource | None = None,
        user_data: str | None = None,
        start: bool = False,
        native: Mapping[str, Any] | None = None,
    ) -> Task[VM]:
        """Create a VM from an image. The task's result is the `VM`.

        The image or the server chooses the values that are not given. ``user_data`` is for the guest's cloud-init.
        ``native`` are the server's own parameters, which are passed as they are.
        """
        action = CreateVM(
            name_label=name_label,
            image=as_ref(image),
            flavor=as_ref(flavor),
            vcpus=vcpus,
            memory_bytes=memory_bytes,
            networks=as_refs(networks),
            volumes=as_refs(volumes),
            host=as_ref(host),
            cluster=as_ref(cluster),
            pool=as_ref(pool),
            user_data=user_data,
            start=start,
            native=native,
        )
        return self.do(None, action)


class Volumes(Collection[Volume]):
    """``provider.storage.volumes``."""

    def create(self, name_label: str, size_bytes: int, pool: Ref | Resource | None = None) -> Task[Volume]:
        """Create a volume. The task's result is the `Volume`."""
        return self.do(None, CreateVolume(name_label, size_bytes, as_ref(pool)))


class Networks(Collection[Network]):
    """``provider.network.networks``."""

    def create(self, name_label: str, *, vlan_id: int | None = None, mtu: int | None = None) -> Task[Network]:
        """Create a network. The task's result is the `Network`."""
        return self.do(None, CreateNetwork(name_label, vlan_id, mtu))


class Compute:
    """``provider.compute``."""

    def __init__(self, provider: BoundProvider, operations: Operations) -> None:
        self.vms = VMs(provider, operations, VM)
        self.hosts = Collection(provider, operations, Host)
        self.clusters = Collection(provider, operations, Cluster)
        self.snapshots = Collection(provider, operations, Snapshot)
        self.flavors = Collection(provider, operations, Flavor)


class NetworkService:
    """``provider.network``."""

    def __init__(self, provider: BoundProvider, operations: Operations) -> None:
        self.networks = Networks(provider, operations, Network)


class Storage:
    """``provider.storage``."""

    def __init__(self, provider: BoundProvider, operations: Operations) -> None:
        self.pools = Collection(provider, operations, StoragePool)
        self.volumes = Volumes(provider, operations, Volume)


class Images:
    """``provider.image``."""

    def __init__(self, provider: BoundProvider, operations: Operations) -> None:
        self.images = Collection(provider, operations, Image)
