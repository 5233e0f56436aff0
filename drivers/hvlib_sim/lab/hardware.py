"""Operations that change an object's name and tags, and a VM's sizes, devices, host and pool."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from hvlib.model import actions
from hvlib.model.errors import Conflict, InvalidState, NotFound, TaskFailed
from hvlib_sim.lab import power
from hvlib_sim.lab.engine import Engine, operation
from hvlib_sim.lab.objects import VM, Flavor, Network, Object, StoragePool, Volume

__all__ = [
    "address",
    "attach_network",
    "attach_volume",
    "detach_network",
    "detach_volume",
    "migrate",
    "rename",
    "resize",
    "set_tags",
    "take_space",
    "without",
]

T = TypeVar("T")


@operation()
def rename(engine: Engine, target: Object, action: actions.Rename) -> None:
    """Set the name."""
    engine.store.put(replace(target, name=action.name_label))


@operation()
def set_tags(engine: Engine, target: Object, action: actions.SetTags) -> None:
    """Set the tags."""
    engine.store.put(replace(target, tags=tuple(sorted(set(action.tags)))))


@operation("halted")
def resize(engine: Engine, vm: VM, action: actions.Resize) -> None:
    """Set the sizes of a flavor. An explicit size overrides the flavor's, and the VM then has no flavor."""
    flavor = engine.store.get(Flavor, action.flavor.id) if action.flavor else None
    own_size = action.vcpus is not None or action.memory_bytes is not None
    source = flavor or vm
    engine.store.put(
        replace(
            vm,
            vcpus=action.vcpus or source.vcpus,
            memory_bytes=action.memory_bytes or source.memory_bytes,
            flavor=None if own_size or flavor is None else flavor.id,
        )
    )


@operation()
def attach_volume(engine: Engine, vm: VM, action: actions.AttachVolume) -> None:
    """`Conflict` if the volume is attached, to this VM or another."""
    volume = engine.store.get(Volume, action.volume.id)
    if volume.vms:
        raise Conflict(f"volume {volume.name} is attached to {volume.vms[0]}")
    engine.store.put(replace(volume, vms=(vm.id,)))
    engine.store.put(replace(vm, volumes=(*vm.volumes, volume.id)))


@operation()
def detach_volume(engine: Engine, vm: VM, action: actions.DetachVolume) -> None:
    """Detach a volume, which is then no longer one of the VM's own. `NotFound` if it is not attached to the VM."""
    volume = engine.store.get(Volume, action.volume.id)
    if volume.id not in vm.volumes:
        raise NotFound(f"{vm.name} has no volume {volume.name}")
    engine.store.put(replace(volume, vms=without(volume.vms, vm.id)))
    own = without(vm.own_volumes, volume.id)
    engine.store.put(replace(vm, volumes=without(vm.volumes, volume.id), own_volumes=own))


@operation()
def attach_network(engine: Engine, vm: VM, action: actions.AttachNetwork) -> None:
    """`Conflict` if the VM has an interface on the network."""
    network = engine.store.get(Network, action.network.id)
    if network.id in vm.networks:
        raise Conflict(f"{vm.name} is on network {network.name} already")
    networks = (*vm.networks, network.id)
    _put_interfaces(engine, vm, networks, (*vm.addresses, address(network, vm.id)))


@operation()
def detach_network(engine: Engine, vm: VM, action: actions.DetachNetwork) -> None:
    """`NotFound` if the VM has no interface on the network."""
    network = engine.store.get(Network, action.network.id)
    if network.id not in vm.networks:
        raise NotFound(f"{vm.name} is not on network {network.name}")
    position = vm.networks.index(network.id)
    addresses = vm.addresses[:position] + vm.addresses[position + 1 :]
    _put_interfaces(engine, vm, without(vm.networks, network.id), addresses)


@operation()
def migrate(engine: Engine, vm: VM, action: actions.Migrate) -> None:
    """Without host and pool, move to the host with most free memory. A running VM that is not moved live restarts.

    `InvalidState` if the host is not up or is the VM's own, `TaskFailed` if the host lacks memory or the pool space.
    """
    moved = vm
    if action.host is not None or action.pool is None:
        moved = _moved(engine, vm, action.host.id if action.host else None)
    if action.pool is not None:
        _move_volumes(engine, vm, engine.store.get(StoragePool, action.pool.id))
    if vm.power_state in power.IN_MEMORY and moved.host != vm.host:
        power.take_memory(engine, vm.host, -vm.memory_bytes)
        power.take_memory(engine, moved.host, vm.memory_bytes)
    restarts = vm.power_state == "running" and not action.live
    engine.store.put(power.restarted(engine, moved) if restarts else moved)


def address(network: Network, vm_id: str) -> str:
    """A VM's address on a network. It is derived from the VM's number, so it never changes."""
    number = int(vm_id.rpartition("-")[2])
    return f"{network.subnets[0].removesuffix('.0.0/16')}.{number // 250 % 256}.{number % 250 + 1}"


def take_space(engine: Engine, pool: StoragePool, size_bytes: int) -> None:
    """Take space from a pool; a negative size gives it back. Raises `TaskFailed` if there is not enough."""
    current = engine.store.get(StoragePool, pool.id)
    if current.free_bytes < size_bytes:
        raise TaskFailed(f"pool {pool.name} has only {current.free_bytes} bytes free")
    engine.store.put(replace(current, free_bytes=current.free_bytes - size_bytes))


def without(items: tuple[T, ...], gone: T) -> tuple[T, ...]:
    """The items without ``gone``."""
    return tuple(item for item in items if item != gone)


def _put_interfaces(engine: Engine, vm: VM, networks: tuple[str, ...], addresses: tuple[str, ...]) -> None:
    reported = addresses if vm.power_state == "running" else ()
    engine.store.put(replace(vm, networks=networks, addresses=addresses, ip_addresses=reported))


def _moved(engine: Engine, vm: VM, host: str | None) -> VM:
    if host == vm.host:
        raise InvalidState(f"{vm.name} is on {host} already")
    return power.place(engine, replace(vm, host=None), host)


def _move_volumes(engine: Engine, vm: VM, pool: StoragePool) -> None:
    volumes = [engine.store.get(Volume, own) for own in vm.own_volumes]
    moving = [volume for volume in volumes if volume.pool != pool.id]
    take_space(engine, pool, sum(volume.size_bytes for volume in moving))
    for volume in moving:
        take_space(engine, engine.store.get(StoragePool, volume.pool), -volume.size_bytes)
        engine.store.put(replace(volume, pool=pool.id))
