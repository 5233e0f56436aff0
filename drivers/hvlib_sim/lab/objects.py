"""The lab's own objects, in the place of the native records that other drivers get from a hypervisor.

Objects are immutable: a change replaces the object that has the same id. Objects refer to each other by id.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from hvlib.model.resources import HostState, PowerState
from hvlib.model.task import Failure, TaskState

__all__ = [
    "KINDS",
    "VM",
    "Cluster",
    "Flavor",
    "Host",
    "Image",
    "Link",
    "Network",
    "Object",
    "Snapshot",
    "StoragePool",
    "Task",
    "Volume",
]


class Link(msgspec.Struct, frozen=True):
    """A reference to an object of any kind: the name of its kind, and its id."""

    kind: str
    id: str


class Object(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The attributes that all objects have. The ids of a class begin with its ``prefix``.

    A file holds objects as arrays: to reorder attributes, or to insert one, is to change the format
    (`hvlib_sim.lab.sqlite_file.FORMAT`).
    """

    prefix: ClassVar[str] = ""

    id: str
    uuid: str
    name: str
    description: str | None = None
    tags: tuple[str, ...] = ()
    created_at: datetime

    @classmethod
    def numbered(cls, number: int) -> str:
        """The id of the object with this number."""
        return f"{cls.prefix}-{number:08d}"


class VM(Object, frozen=True, kw_only=True):
    """A virtual machine.

    | hostname, addresses: the guest's own name, and its address on each network; ``guest_hostname`` and
      ``ip_addresses`` are the values that the guest reports: none unless the VM runs
    | own_volumes: the ``volumes`` that were made with the VM and are deleted with it
    | snapshots: all snapshots of the VM; snapshot: the one that the VM's present state is based on
    | booted_at: the time at which the guest last started
    | problem: why a person is needed; only the lab's administrator sets it
    """

    prefix: ClassVar[str] = "vm"

    power_state: PowerState = "halted"
    vcpus: int
    memory_bytes: int
    guest_os: str | None = None
    guest_hostname: str | None = None
    ip_addresses: tuple[str, ...] = ()
    host: str | None = None
    cluster: str | None = None
    networks: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    image: str | None = None
    flavor: str | None = None
    hostname: str
    addresses: tuple[str, ...] = ()
    own_volumes: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()
    snapshot: str | None = None
    booted_at: datetime | None = None
    user_data: str | None = None
    problem: str | None = None


class Host(Object, frozen=True, kw_only=True):
    """A machine that runs VMs."""

    prefix: ClassVar[str] = "host"

    state: HostState = "up"
    address: str
    product: str
    version: str
    cpus: int
    memory_bytes: int
    memory_free_bytes: int
    cluster: str | None = None
    problem: str | None = None


class Cluster(Object, frozen=True, kw_only=True):
    """A group of hosts."""

    prefix: ClassVar[str] = "cluster"

    hosts: tuple[str, ...] = ()


class Snapshot(Object, frozen=True, kw_only=True):
    """A saved state of a VM. A revert restores ``power_state``, ``vcpus`` and ``memory_bytes``."""

    prefix: ClassVar[str] = "snapshot"

    vm: str
    parent: str | None = None
    has_memory: bool = False
    power_state: PowerState = "halted"
    vcpus: int
    memory_bytes: int


class Flavor(Object, frozen=True, kw_only=True):
    """A size of VMs."""

    prefix: ClassVar[str] = "flavor"

    vcpus: int
    memory_bytes: int
    disk_bytes: int


class Network(Object, frozen=True, kw_only=True):
    """A network. Guests get their addresses from its first subnet."""

    prefix: ClassVar[str] = "network"

    vlan_id: int | None = None
    mtu: int = 1500
    subnets: tuple[str, ...] = ()


class StoragePool(Object, frozen=True, kw_only=True):
    """A place for volumes."""

    prefix: ClassVar[str] = "pool"

    type: str
    capacity_bytes: int
    free_bytes: int
    shared: bool = True


class Volume(Object, frozen=True, kw_only=True):
    """A virtual disk."""

    prefix: ClassVar[str] = "volume"

    size_bytes: int
    pool: str
    vms: tuple[str, ...] = ()
    bootable: bool = False
    status: str = "available"
    problem: str | None = None


class Image(Object, frozen=True, kw_only=True):
    """A disk that VMs are created from."""

    prefix: ClassVar[str] = "image"

    size_bytes: int
    guest_os: str
    format: str
    status: str = "available"
    problem: str | None = None


class Task(Object, frozen=True, kw_only=True):
    """The record of an operation."""

    prefix: ClassVar[str] = "task"

    operation: str
    state: TaskState = "queued"
    progress: float = 0.0
    target: Link | None = None
    started_at: datetime | None = None
    error: Failure | None = None
    result: Link | None = None


KINDS: dict[str, type[Object]] = {kind.__name__: kind for kind in Object.__subclasses__()}
"""The classes of objects by name. A class has the name of hvlib's kind for its objects."""
