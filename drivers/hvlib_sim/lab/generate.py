"""The initial objects of a lab, drawn from its seed. The same seed gives the same objects on every machine.

The objects are generated one by one. Only hosts and other objects of small number are kept until the end, so a lab may
be larger than memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from hvlib.model.resources import PowerState
from hvlib_sim.lab.hardware import address
from hvlib_sim.lab.objects import VM, Cluster, Flavor, Host, Image, Network, Object, Snapshot, StoragePool, Volume
from hvlib_sim.lab.power import IN_MEMORY
from hvlib_sim.lab.settings import Settings

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
POOLS = (("san-1", "iscsi", True), ("nfs-1", "nfs", True), ("nvme-1", "lvm", False))


class Draw:
    """Draws identities and random choices from one seed."""

    def __init__(self, seed: int | str) -> None:
        self.random = Random(seed)
        self._numbers = Counter[type[Object]]()

    def identity(self, kind: type[Object], name: str) -> dict[str, Any]:
        """The arguments that the constructor of any object needs."""
        self._numbers[kind] += 1
        return {
            "id": kind.numbered(self._numbers[kind]),
            "uuid": str(UUID(int=self.random.getrandbits(128), version=4)),
            "name": name,
            "created_at": NEWEST - timedelta(seconds=self.random.randrange(3 * 365 * 86400)),
        }


class Site:
    """The objects that VMs refer to, and how much memory and space the VMs take."""

    def __init__(self, draw: Draw, hosts: int) -> None:
        self.flavors = [_flavor(draw, name, *sizes) for name, sizes in FLAVORS.items()]
        self.images = [_image(draw, name, *values) for name, values in IMAGES.items()]
        self.networks = [_network(draw, number, *each) for number, each in enumerate(NETWORKS.items())]
        count = -(-hosts // HOSTS_PER_CLUSTER)
        self.clusters = [Cluster(**draw.identity(Cluster, f"cluster-{n + 1}")) for n in range(count)]
        self.hosts = [_host(draw, number, self.clusters[number // HOSTS_PER_CLUSTER]) for number in range(hosts)]
        self.pools = [_pool(draw, *each) for each in POOLS]
        self.needed = Counter[str]()
        """Bytes of memory that the VMs of each host would take if all ran, by the host's id."""
        self.used = Counter[str]()
        """Bytes of memory that the VMs of each host take, by the host's id."""
        self.space = Counter[str]()
        """Bytes that the volumes of each pool take, by the pool's id."""

    def without_vms(self) -> Iterator[Object]:
        """The objects that do not depend on the VMs."""
        yield from (*self.flavors, *self.images, *self.networks)
        members: dict[str | None, list[str]] = {}
        for host in self.hosts:
            members.setdefault(host.cluster, []).append(host.id)
        for cluster in self.clusters:
            yield replace(cluster, hosts=tuple(members[cluster.id]))

    def with_vms(self) -> Iterator[Object]:
        """Hosts with twice the memory that their VMs need, and pools with three times the space of their volumes."""
        for host in self.hosts:
            total = _rounded(2 * self.needed[host.id], 256 * GIB)
            yield replace(host, memory_bytes=total, memory_free_bytes=total - self.used[host.id])
        for pool in self.pools:
            capacity = _rounded(3 * self.space[pool.id], 4096 * GIB)
            yield replace(pool, capacity_bytes=capacity, free_bytes=capacity - self.space[pool.id])


def generate(settings: Settings) -> Iterator[Object]:
    """The objects of a lab. Each class comes in the order of its ids, which count from 1 without a gap."""
    draw, later = Draw(settings.seed), Draw(f"snapshots of {settings.seed}")
    site = Site(draw, settings.hosts)
    yield from site.without_vms()
    for number, (name, state) in enumerate(zip(_names(settings.vms), _states(draw, settings.vms), strict=True)):
        pool = site.pools[number % len(site.pools)].id
        vm, disks = _vm(draw, site, name, state, 1 + (number % 7 == 0), pool)
        yield from (*disks, *_with_snapshots(later, vm))
    for number in range(2 + settings.vms // 20):
        yield _spare(draw, site, number, site.pools[number % len(site.pools)].id)
    yield from site.with_vms()


def _flavor(draw: Draw, name: str, vcpus: int, memory: int, disk: int) -> Flavor:
    identity = draw.identity(Flavor, name)
    return Flavor(vcpus=vcpus, memory_bytes=memory * GIB, disk_bytes=disk * GIB, **identity)


def _image(draw: Draw, name: str, guest_os: str, format: str, size: int) -> Image:
    return Image(guest_os=guest_os, format=format, size_bytes=size * GIB, **draw.identity(Image, name))


def _network(draw: Draw, number: int, name: str, vlan_id: int | None) -> Network:
    mtu = 9000 if name == "storage" else 1500
    return Network(vlan_id=vlan_id, mtu=mtu, subnets=(f"10.{number + 1}.0.0/16",), **draw.identity(Network, name))


def _pool(draw: Draw, name: str, technology: str, shared: bool) -> StoragePool:
    identity = draw.identity(StoragePool, name)
    return StoragePool(type=technology, shared=shared, capacity_bytes=0, free_bytes=0, **identity)


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
    """Names by role and number. One in 50 repeats another VM's name; some contain special characters."""
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
    """The power states of VMs: of 20 VMs, 14 run, 4 are halted, one is paused and one is suspended."""
    block = list(STATES)
    for index in range(count):
        if index % len(block) == 0:
            draw.random.shuffle(block)
        yield block[index % len(block)]


def _vm(
    draw: Draw, site: Site, name: str, state: PowerState, interfaces: int, pool: str
) -> tuple[VM, Sequence[Volume]]:
    """A VM and its volumes."""
    random = draw.random
    host, image, identity = random.choice(site.hosts), random.choice(site.images), draw.identity(VM, name)
    if state in IN_MEMORY and host.state != "up":
        state = "halted"
    hostname = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower()).strip("-")
    description = f"{name}, made from {image.name}" if random.random() < 0.7 else None
    tags = tuple(sorted(random.choice(TAGS)))
    vcpus, memory_bytes, flavor = _sizes(draw, random.choice(site.flavors))
    site.needed[host.id] += memory_bytes
    site.used[host.id] += memory_bytes if state in IN_MEMORY else 0
    networks = random.sample(site.networks, interfaces)
    addresses = tuple(address(network, identity["id"]) for network in networks)
    disks = _disks(draw, site, identity, pool)
    vm = VM(
        power_state=state,
        vcpus=vcpus,
        memory_bytes=memory_bytes,
        guest_os=image.guest_os,
        hostname=f"{hostname}.lab.example",
        guest_hostname=f"{hostname}.lab.example" if state == "running" else None,
        addresses=addresses,
        ip_addresses=addresses if state == "running" else (),
        host=host.id,
        cluster=host.cluster,
        networks=tuple(network.id for network in networks),
        volumes=tuple(disk.id for disk in disks),
        own_volumes=tuple(disk.id for disk in disks if disk.name != f"data-{name}"),
        image=image.id,
        flavor=flavor,
        description=description,
        tags=tags,
        booted_at=NEWEST if state != "halted" else None,
        **identity,
    )
    return vm, disks


def _sizes(draw: Draw, flavor: Flavor) -> tuple[int, int, str | None]:
    """Processors, memory and flavor of a VM. Most VMs have a flavor; the others have sizes of their own, and None."""
    if draw.random.random() < 0.8:
        return flavor.vcpus, flavor.memory_bytes, flavor.id
    return flavor.vcpus + 1, flavor.memory_bytes + GIB // 2, None


def _disks(draw: Draw, site: Site, vm: dict[str, Any], pool: str) -> list[Volume]:
    """The volumes of a VM: a boot disk, for some VMs a second disk, and for some a separately attached volume."""
    names = [f"{vm['name']}-disk-0"]
    if draw.random.random() < 0.25:
        names.append(f"{vm['name']}-disk-1")
    if draw.random.random() < 0.1:
        names.append(f"data-{vm['name']}")
    disks: list[Volume] = []
    for name in names:
        size = draw.random.choice((10, 20, 40, 80, 200)) * GIB
        site.space[pool] += size
        identity = draw.identity(Volume, name)
        disks.append(Volume(size_bytes=size, pool=pool, vms=(vm["id"],), bootable=not disks, **identity))
    return disks


def _with_snapshots(draw: Draw, vm: VM) -> Iterator[Object]:
    """A VM, after its snapshots. One VM in ten has up to three snapshots, each the child of the one before."""
    if draw.random.random() > 0.1:
        yield vm
        return
    ids: list[str] = []
    for name in ("before-upgrade", "nightly", "nightly")[: draw.random.randint(1, 3)]:
        has_memory = vm.power_state == "running" and draw.random.random() < 0.3
        snapshot = Snapshot(
            vm=vm.id,
            parent=ids[-1] if ids else None,
            has_memory=has_memory,
            power_state="running" if has_memory else "halted",
            vcpus=vm.vcpus,
            memory_bytes=vm.memory_bytes,
            **draw.identity(Snapshot, name),
        )
        ids.append(snapshot.id)
        yield snapshot
    yield replace(vm, snapshots=tuple(ids), snapshot=ids[-1])


def _spare(draw: Draw, site: Site, number: int, pool: str) -> Volume:
    """A volume that is not attached to any VM."""
    size = draw.random.choice((10, 50, 100)) * GIB
    site.space[pool] += size
    return Volume(size_bytes=size, pool=pool, **draw.identity(Volume, f"spare-{number + 1}"))


def _rounded(size_bytes: int, step: int) -> int:
    return max(-(-size_bytes // step), 1) * step
