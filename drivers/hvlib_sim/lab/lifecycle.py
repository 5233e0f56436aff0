"""Operations that create and delete objects, take and revert to snapshots, and cancel tasks."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from hvlib.model import actions
from hvlib.model.errors import Conflict, InvalidQuery, InvalidState, NotFound
from hvlib.model.ref import Ref
from hvlib_sim.lab import hardware, power
from hvlib_sim.lab.engine import Engine, operation
from hvlib_sim.lab.objects import VM, Flavor, Host, Image, Link, Network, Snapshot, StoragePool, Task, Volume

__all__ = [
    "cancel",
    "clone",
    "create_network",
    "create_vm",
    "create_volume",
    "delete_network",
    "delete_snapshot",
    "delete_vm",
    "delete_volume",
    "resize_volume",
    "revert",
    "snapshot",
]

DISK_BYTES = 20 * 2**30
MEMORY_BYTES = 2 * 2**30


@operation()
def create_vm(engine: Engine, _: None, action: actions.CreateVM) -> Link:
    """Create a VM with one disk. Sizes default to the flavor's; without a flavor, to 1 processor and 2 GiB.

    `TaskFailed` if there is not enough memory or space.
    """
    store = engine.store
    image = store.get(Image, action.image.id)
    networks = [store.get(Network, ref.id) for ref in action.networks]
    flavor = store.get(Flavor, action.flavor.id) if action.flavor else None
    vm = VM(
        name=action.name_label,
        vcpus=action.vcpus or (flavor.vcpus if flavor else 1),
        memory_bytes=action.memory_bytes or (flavor.memory_bytes if flavor else MEMORY_BYTES),
        guest_os=image.guest_os,
        hostname=action.name_label,
        image=image.id,
        flavor=flavor.id if flavor else None,
        user_data=action.user_data,
        **engine.new_identity(VM),
    )
    vm = _placed(engine, vm, action)
    disk = _new_disk(engine, vm, flavor.disk_bytes if flavor else DISK_BYTES, _pool(engine, action.pool))
    store.put(_on_networks(replace(vm, volumes=(disk.id,), own_volumes=(disk.id,)), networks))
    return Link("VM", vm.id)


@operation()
def clone(engine: Engine, vm: VM, action: actions.Clone) -> Link:
    """Copy a VM and its own disks, without separately attached volumes. `TaskFailed` if the pool lacks space."""
    store = engine.store
    disks = [store.get(Volume, own) for own in vm.own_volumes]
    if disks:  # A VM's own disks are in one pool.
        hardware.take_space(engine, store.get(StoragePool, disks[0].pool), sum(disk.size_bytes for disk in disks))
    named = replace(vm, name=action.name_label, hostname=action.name_label, **engine.new_identity(VM))
    halted = replace(named, power_state="halted", guest_hostname=None, ip_addresses=(), booted_at=None)
    new = replace(halted, snapshots=(), snapshot=None)
    copies = tuple(_copy(engine, disk, new) for disk in disks)
    new = replace(new, volumes=copies, own_volumes=copies)
    store.put(_on_networks(new, [store.get(Network, network) for network in vm.networks]))
    return Link("VM", new.id)


@operation("halted", "suspended")
def delete_vm(engine: Engine, vm: VM, _: actions.Delete) -> None:
    """Delete a VM with its snapshots and its own disks. Other volumes are detached and kept."""
    store = engine.store
    for volume in [store.get(Volume, attached) for attached in vm.volumes]:
        if volume.id in vm.own_volumes:
            _delete_volume(engine, volume)
        else:
            store.put(replace(volume, vms=hardware.without(volume.vms, vm.id)))
    for snapshot_id in vm.snapshots:
        store.remove(store.get(Snapshot, snapshot_id))
    store.remove(vm)


@operation()
def snapshot(engine: Engine, vm: VM, action: actions.TakeSnapshot) -> Link:
    """Take a snapshot. The memory is kept if the action asks for it and the VM is running or paused."""
    has_memory = action.memory and vm.power_state in power.IN_MEMORY
    new = Snapshot(
        name=action.name_label,
        vm=vm.id,
        parent=vm.snapshot,
        has_memory=has_memory,
        power_state=vm.power_state if has_memory else "halted",
        vcpus=vm.vcpus,
        memory_bytes=vm.memory_bytes,
        **engine.new_identity(Snapshot),
    )
    engine.store.put(new)
    engine.store.put(replace(vm, snapshots=(*vm.snapshots, new.id), snapshot=new.id))
    return Link("Snapshot", new.id)


@operation()
def revert(engine: Engine, vm: VM, action: actions.Revert) -> Link:
    """Restore the snapshot's sizes, and its power state if it has the memory; otherwise the VM is halted.

    `NotFound` if the snapshot belongs to another VM. `TaskFailed` if no host has enough memory: the VM is then halted.
    """
    saved = engine.store.get(Snapshot, action.snapshot.id)
    if saved.vm != vm.id:
        raise NotFound(f"{vm.name} has no snapshot {saved.name}")
    stays_in_memory = vm.power_state in power.IN_MEMORY and saved.power_state in power.IN_MEMORY
    if not (stays_in_memory and vm.memory_bytes == saved.memory_bytes):
        power.set_power(engine, vm, "halted")
    vm = replace(vm, vcpus=saved.vcpus, memory_bytes=saved.memory_bytes, snapshot=saved.id)
    power.set_power(engine, vm, saved.power_state)
    return Link("VM", vm.id)


@operation()
def delete_snapshot(engine: Engine, gone: Snapshot, _: actions.Delete) -> None:
    """Delete a snapshot. Its children become children of its parent."""
    store = engine.store
    vm = store.get(VM, gone.vm)
    for other in [store.get(Snapshot, snapshot_id) for snapshot_id in vm.snapshots]:
        if other.parent == gone.id:
            store.put(replace(other, parent=gone.parent))
    current = gone.parent if vm.snapshot == gone.id else vm.snapshot
    store.put(replace(vm, snapshots=hardware.without(vm.snapshots, gone.id), snapshot=current))
    store.remove(gone)


@operation()
def create_volume(engine: Engine, _: None, action: actions.CreateVolume) -> Link:
    """Create a volume, by default in the pool with most free space. `TaskFailed` if the pool lacks space."""
    pool = _pool(engine, action.pool)
    hardware.take_space(engine, pool, action.size_bytes)
    new = Volume(name=action.name_label, size_bytes=action.size_bytes, pool=pool.id, **engine.new_identity(Volume))
    engine.store.put(new)
    return Link("Volume", new.id)


@operation()
def resize_volume(engine: Engine, volume: Volume, action: actions.ResizeVolume) -> None:
    """`InvalidQuery` if the volume would shrink, `TaskFailed` if the pool lacks space."""
    more = action.size_bytes - volume.size_bytes
    if more < 0:
        raise InvalidQuery(f"volume {volume.name} has {volume.size_bytes} bytes: it can't shrink")
    hardware.take_space(engine, engine.store.get(StoragePool, volume.pool), more)
    engine.store.put(replace(volume, size_bytes=action.size_bytes))


@operation()
def delete_volume(engine: Engine, volume: Volume, _: actions.Delete) -> None:
    """`Conflict` while the volume is attached."""
    if volume.vms:
        raise Conflict(f"volume {volume.name} is attached to {volume.vms[0]}")
    _delete_volume(engine, volume)


@operation()
def create_network(engine: Engine, _: None, action: actions.CreateNetwork) -> Link:
    """Create a network. Its subnet is the /16 of 10.0.0.0/8 that has the network's number."""
    identity = engine.new_identity(Network)
    number = int(identity["id"].rpartition("-")[2]) % 256
    new = Network(
        name=action.name_label,
        vlan_id=action.vlan_id,
        mtu=action.mtu or 1500,
        subnets=(f"10.{number}.0.0/16",),
        **identity,
    )
    engine.store.put(new)
    return Link("Network", new.id)


@operation()
def delete_network(engine: Engine, network: Network, _: actions.Delete) -> None:
    """`Conflict` while a VM is on the network."""
    user = next((vm for vm in engine.store.scan(VM) if network.id in vm.networks), None)
    if user is not None:
        raise Conflict(f"{user.name} is on network {network.name}")
    engine.store.remove(network)


@operation()
def cancel(engine: Engine, task: Task, _: actions.Cancel) -> None:
    """`InvalidState` if the task has ended."""
    engine.cancel(task)


def _placed(engine: Engine, vm: VM, action: actions.CreateVM) -> VM:
    """The VM on the requested host, else on the host with most free memory (of the cluster, if one is requested)."""
    wanted = action.host.id if action.host else None
    if action.cluster is None or wanted is not None:
        return power.place(engine, vm, wanted)
    hosts = [host for host in engine.store.all(Host) if host.cluster == action.cluster.id and host.state == "up"]
    if not hosts:
        raise InvalidState(f"cluster {action.cluster.id} has no host that is up")
    return power.place(engine, vm, max(hosts, key=lambda host: host.memory_free_bytes).id)


def _pool(engine: Engine, wanted: Ref | None) -> StoragePool:
    if wanted is not None:
        return engine.store.get(StoragePool, wanted.id)
    return max(engine.store.all(StoragePool), key=lambda pool: pool.free_bytes)


def _new_disk(engine: Engine, vm: VM, size_bytes: int, pool: StoragePool) -> Volume:
    hardware.take_space(engine, pool, size_bytes)
    disk = Volume(
        name=f"{vm.name}-disk-0",
        size_bytes=size_bytes,
        pool=pool.id,
        vms=(vm.id,),
        bootable=True,
        **engine.new_identity(Volume),
    )
    engine.store.put(disk)
    return disk


def _copy(engine: Engine, disk: Volume, vm: VM) -> str:
    copy = replace(disk, name=f"{vm.name}-disk", vms=(vm.id,), **engine.new_identity(Volume))
    engine.store.put(copy)
    return copy.id


def _delete_volume(engine: Engine, volume: Volume) -> None:
    hardware.take_space(engine, engine.store.get(StoragePool, volume.pool), -volume.size_bytes)
    engine.store.remove(volume)


def _on_networks(vm: VM, networks: Sequence[Network]) -> VM:
    addresses = tuple(hardware.address(network, vm.id) for network in networks)
    return replace(vm, networks=tuple(network.id for network in networks), addresses=addresses)
