"""The objects that a lab has at first, drawn from its seed: the same seed gives the same ones, everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from hvlib.resources import PowerState
from hvlib_sim.hardware import address
from hvlib_sim.objects import VM, Cluster, Flavor, Host, Image, Network, Object, Snapshot, StoragePool, Volume
from hvlib_sim.power import IN_MEMORY

__all__ = ["generate"]

GIB = 2**30
NEWEST = datetime(2026, 1, 1, tzinfo=UTC)
HOSTS_PER_CLUSTER = 8
ROLES = ("web", "db", "web", "app", "cache", "app", "build", "mail", "proxy", "test")
TAGS = ((), ("production",), ("production", "backup"), ("staging",), ("backup",), ())
STATES: tuple[PowerState, ...] = ("running",) * 14 + ("halted",) * 4 + ("paused", "suspended")
FLAVORS = {"tiny": (1, 1, 10), "small": (1, 2, 20), "medium": (2, 4, 40), "large": (4, 16, 80), "huge": (8, 32, 160)}
IMAGES = {
    "Debian 12": ("debian12_64", "qcow2", 2),
    "Ubuntu 24.04 LTS": ("ubuntu24_64", "qcow2", 3),
    "Rocky Linux 9": ("rocky9_64", "raw", 10),
    "Alpine 3.20": ("alpine3_64", "qcow2", 1),
    "Windows Server 2022": ("windows2022_64", "template", 24),
}
NETWORKS = {
    "management": None,
    "production": 100,
    "staging": 200,
    "storage": 300,
    "DMZ / public": 400,
    "VM Network": None,
}


class Draw:
    """Identities and choices out of one seed."""

    def __init__(self, new_id: Callable[[type[Object]], str], seed: int) -> None:
        self.random = Random(seed)
        self._new_id = new_id

    def identity(self, kind: type[Object], name: str) -> dict[str, Any]:
        """What the constructor of any object needs."""
        return {
            "id": self._new_id(kind),
            "uuid": str(UUID(int=self.random.getrandbits(128), version=4)),
            "name": name,
            "created_at": NEWEST - timedelta(seconds=self.random.randrange(3 * 365 * 86400)),
        }


def generate(new_id: Callable[[type[Object]], str], vms: int, hosts: int, seed: int) -> Iterator[Object]:
    """The objects of a lab with so many VMs and hosts. ``new_id`` gives out ids."""
    draw = Draw(new_id, seed)
    flavors = [_flavor(draw, name, *sizes) for name, sizes in FLAVORS.items()]
    images = [_image(draw, name, *values) for name, values in IMAGES.items()]
    networks = [_network(draw, number, name, vlan_id) for number, (name, vlan_id) in enumerate(NETWORKS.items())]
    clusters = [Cluster(**draw.identity(Cluster, f"cluster-{n + 1}")) for n in range(-(-hosts // HOSTS_PER_CLUSTER))]
    machines = [_host(draw, number, clusters[number // HOSTS_PER_CLUSTER]) for number in range(hosts)]
    pools = [draw.identity(StoragePool, name) for name in ("san-1", "nfs-1", "nvme-1")]
    volumes: list[Volume] = []
    guests: list[VM] = []
    for number, (name, state) in enumerate(zip(_names(vms), _states(draw, vms), strict=True)):
        vm = _vm(draw, name, state, draw.random.choice(machines), draw.random.choice(images))
        vm = _sized(vm, draw.random.choice(flavors), draw.random.random() < 0.8)
        vm = _connected(vm, draw.random.sample(networks, 1 + (number % 7 == 0)))
        disks = _disks(draw, vm, pools[number % len(pools)]["id"])
        volumes += disks
        own = tuple(disk.id for disk in disks if disk.name != f"data-{vm.name}")
        guests.append(replace(vm, volumes=tuple(disk.id for disk in disks), own_volumes=own))
    volumes += [_spare(draw, number, pools[number % len(pools)]["id"]) for number in range(2 + vms // 20)]
    yield from (*flavors, *images, *networks)
    for cluster in clusters:
        yield replace(cluster, hosts=tuple(host.id for host in machines if host.cluster == cluster.id))
    yield from _with_memory(machines, guests)
    yield from _with_space(pools, volumes)
    yield from volumes
    yield from _with_snapshots(draw, guests)


def _flavor(draw: Draw, name: str, vcpus: int, memory: int, disk: int) -> Flavor:
    identity = draw.identity(Flavor, name)
    return Flavor(vcpus=vcpus, memory_bytes=memory * GIB, disk_bytes=disk * GIB, **identity)


def _image(draw: Draw, name: str, guest_os: str, format: str, size: int) -> Image:
    return Image(guest_os=guest_os, format=format, size_bytes=size * GIB, **draw.identity(Image, name))


def _network(draw: Draw, number: int, name: str, vlan_id: int | None) -> Network:
    mtu = 9000 if name == "storage" else 1500
    return Network(vlan_id=vlan_id, mtu=mtu, subnets=(f"10.{number + 1}.0.0/16",), **draw.identity(Network, name))


def _host(draw: Draw, number: int, cluster: Cluster) -> Host:
    """In larger labs one host is in maintenance and one is down."""
    return Host(
        state={6: "maintenance", 7: "down"}.get(number, "up"),  # type: ignore[arg-type]
        address=f"10.0.{number // 250}.{number % 250 + 1}",
        product="SimVisor",
        version="1.0.0",
        cpus=draw.random.choice((32, 64, 128)),
        memory_bytes=0,
        memory_free_bytes=0,
        cluster=cluster.id,
        **draw.identity(Host, f"hv-{number + 1:02d}.lab.example"),
    )


def _names(count: int) -> Iterator[str]:
    """Names by role and number; one in 50 is another one's, some hold characters that need care."""
    numbers = dict.fromkeys(ROLES, 0)
    for index in range(count):
        role = ROLES[index % len(ROLES)]
        numbers[role] += 1
        match index % 100:
            case 9:
                yield f"test/{numbers[role]} 50% [old]"
            case 19:
                yield f'Prüfstand & "Büro" <{numbers[role]}>'
            case 16 | 66:
                yield f"{role}-{numbers[role] - 1}"
            case _:
                yield f"{role}-{numbers[role]}"


def _states(draw: Draw, count: int) -> Iterator[PowerState]:
    """Of 20 VMs 14 run, 4 are halted, one is paused, one suspended."""
    block = list(STATES)
    for index in range(count):
        if index % len(block) == 0:
            draw.random.shuffle(block)
        yield block[index % len(block)]


def _vm(draw: Draw, name: str, state: PowerState, host: Host, image: Image) -> VM:
    identity = draw.identity(VM, name)
    if state in IN_MEMORY and host.state != "up":
        state = "halted"
    hostname = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
    return VM(
        power_state=state,
        vcpus=1,
        memory_bytes=GIB,
        guest_os=image.guest_os,
        hostname=f"{hostname.strip('-')}.lab.example",
        guest_hostname=f"{hostname.strip('-')}.lab.example" if state == "running" else None,
        host=host.id,
        cluster=host.cluster,
        image=image.id,
        description=f"{name}, made from {image.name}" if draw.random.random() < 0.7 else None,
        tags=tuple(sorted(draw.random.choice(TAGS))),
        booted_at=NEWEST if state != "halted" else None,
        **identity,
    )


def _sized(vm: VM, flavor: Flavor, by_flavor: bool) -> VM:
    """Most VMs have a flavor; the others have sizes of their own."""
    if by_flavor:
        return replace(vm, vcpus=flavor.vcpus, memory_bytes=flavor.memory_bytes, flavor=flavor.id)
    return replace(vm, vcpus=flavor.vcpus + 1, memory_bytes=flavor.memory_bytes + GIB // 2)


def _connected(vm: VM, networks: Sequence[Network]) -> VM:
    addresses = tuple(address(network, vm.id) for network in networks)
    reported = addresses if vm.power_state == "running" else ()
    return replace(vm, networks=tuple(network.id for network in networks), addresses=addresses, ip_addresses=reported)


def _disks(draw: Draw, vm: VM, pool: str) -> list[Volume]:
    """A disk to boot from, for some a second one, and for some one that was attached apart."""
    names = [f"{vm.name}-disk-0"]
    if draw.random.random() < 0.25:
        names.append(f"{vm.name}-disk-1")
    if draw.random.random() < 0.1:
        names.append(f"data-{vm.name}")
    return [
        Volume(
            size_bytes=draw.random.choice((10, 20, 40, 80, 200)) * GIB,
            pool=pool,
            vms=(vm.id,),
            bootable=number == 0,
            **draw.identity(Volume, name),
        )
        for number, name in enumerate(names)
    ]


def _spare(draw: Draw, number: int, pool: str) -> Volume:
    """A volume that nothing uses."""
    size = draw.random.choice((10, 50, 100)) * GIB
    return Volume(size_bytes=size, pool=pool, **draw.identity(Volume, f"spare-{number + 1}"))


def _with_memory(hosts: Sequence[Host], vms: Sequence[VM]) -> Iterator[Host]:
    """Hosts with memory for twice the VMs that they have."""
    needed, used = Counter[str | None](), Counter[str | None]()
    for vm in vms:
        needed[vm.host] += vm.memory_bytes
        used[vm.host] += vm.memory_bytes if vm.power_state in IN_MEMORY else 0
    for host in hosts:
        total = _rounded(2 * needed[host.id], 256 * GIB)
        yield replace(host, memory_bytes=total, memory_free_bytes=total - used[host.id])


def _with_space(pools: Sequence[dict[str, Any]], volumes: Sequence[Volume]) -> Iterator[StoragePool]:
    """Pools with space for three times the volumes that they have."""
    kinds = (("iscsi", True), ("nfs", True), ("lvm", False))
    for identity, (technology, shared) in zip(pools, kinds, strict=True):
        used = sum(volume.size_bytes for volume in volumes if volume.pool == identity["id"])
        capacity = _rounded(3 * used, 4096 * GIB)
        yield StoragePool(
            type=technology, shared=shared, capacity_bytes=capacity, free_bytes=capacity - used, **identity
        )


def _with_snapshots(draw: Draw, vms: Sequence[VM]) -> Iterator[Object]:
    """The VMs; one in ten with up to three snapshots, each following the one before."""
    for vm in vms:
        if draw.random.random() > 0.1:
            yield vm
            continue
        current: str | None = None
        for name in ("before-upgrade", "nightly", "nightly")[: draw.random.randint(1, 3)]:
            has_memory = vm.power_state == "running" and draw.random.random() < 0.3
            one = Snapshot(
                vm=vm.id,
                parent=current,
                has_memory=has_memory,
                power_state="running" if has_memory else "halted",
                vcpus=vm.vcpus,
                memory_bytes=vm.memory_bytes,
                **draw.identity(Snapshot, name),
            )
            current = one.id
            yield one
        yield replace(vm, snapshot=current)


def _rounded(size_bytes: int, step: int) -> int:
    return max(-(-size_bytes // step), 1) * step
