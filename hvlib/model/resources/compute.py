"""Kinds of the compute service."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Literal, cast

from hvlib.model import actions
from hvlib.model.binding import BoundCollection
from hvlib.model.errors import InvalidState
from hvlib.model.ref import Ref, as_ref, as_refs
from hvlib.model.resources.resource import Resource
from hvlib.model.task import Task

__all__ = ["VM", "Cluster", "Flavor", "Host", "HostState", "PowerState", "Snapshot"]

PowerState = Literal["running", "halted", "paused", "suspended", "unknown"]
HostState = Literal["up", "down", "maintenance", "unknown"]


class VM(Resource, frozen=True):
    """A virtual machine. A template is an `Image`, a snapshot a `Snapshot`; a control domain is not listed at all.

    | power_state: running, halted, paused, suspended, or unknown
    | vcpus, memory_bytes: the guest's virtual processors, and its memory in bytes
    | guest_os: the operating system, as the server names it
    | guest_hostname, ip_addresses: as the guest reports them, as text; None and empty while it reports nothing
    | host: the host that it is placed on; None where the server places a halted VM on no host
    | cluster, networks, volumes, image, flavor: refs; empty or None where there is none
    | status: the server's own word for its state: ``ERROR``, ``SHELVED_OFFLOADED``, ``poweredOn`` ...
    | problem: a text if a person is needed, else None: the server's fault message, a question that waits for an answer,
      or that the VM is orphaned, inaccessible or disconnected
    | booted_at: when it was last powered on or its guest restarted, as far as the server knows; in UTC

    Each action returns a `Task`: one round trip for the call, and more while the task is waited for. An action that the
    VM's state does not allow raises `InvalidState`, from the call or from ``wait()``, depending on when the server
    refuses it.
    """

    kind: ClassVar[str] = "VM"

    power_state: PowerState
    vcpus: int | None
    memory_bytes: int | None
    guest_os: str | None
    guest_hostname: str | None
    ip_addresses: tuple[str, ...]
    host: Ref | None
    cluster: Ref | None
    networks: tuple[Ref, ...]
    volumes: tuple[Ref, ...]
    image: Ref | None
    flavor: Ref | None
    status: str | None
    problem: str | None
    booted_at: datetime | None

    def start(self) -> Task[VM]:
        """Power the VM on. Raises `InvalidState` unless it is ``halted``."""
        return self.do(actions.Start())

    def stop(self) -> Task[VM]:
        """Power the VM off: it is ``halted`` in the end. A server may ask the guest first.

        Raises `InvalidState` if the VM is halted already.
        """
        return self.do(actions.Stop())

    def shutdown(self) -> Task[VM]:
        """Ask the guest to shut itself down. The task ends when the VM is ``halted``, however long the guest takes.

        Raises `InvalidState` unless the VM runs.
        """
        return self.do(actions.Shutdown())

    def reboot(self, hard: bool = False) -> Task[VM]:
        """Ask the guest to restart; with ``hard``, reset it without asking. The task ends when it has started again.

        vSphere does not report that: there the task ends when the guest was asked. Raises `InvalidState` if the VM is
        halted or suspended.
        """
        return self.do(actions.Reboot(hard=hard))

    def suspend(self) -> Task[VM]:
        """Write the memory to disk and stop the VM. Raises `InvalidState` unless it runs."""
        return self.do(actions.Suspend())

    def resume(self) -> Task[VM]:
        """Let the VM run again after `suspend`. Raises `InvalidState` unless it is ``suspended``."""
        return self.do(actions.Resume())

    def pause(self) -> Task[VM]:
        """Stop the processors, and keep the memory."""
        return self.do(actions.Pause())

    def unpause(self) -> Task[VM]:
        """Let the processors run again after `pause`."""
        return self.do(actions.Unpause())

    def rename(self, name_label: str) -> Task[VM]:
        """Give the VM another name."""
        return self.do(actions.Rename(name_label))

    def resize(
        self, *, vcpus: int | None = None, memory_bytes: int | None = None, flavor: Ref | Flavor | None = None
    ) -> Task[VM]:
        """Change the VM's size. Values that are None stay as they are.

        ``flavor`` is for servers that size VMs by flavors.
        """
        return self.do(actions.Resize(vcpus, memory_bytes, as_ref(flavor)))

    def snapshot(self, name_label: str, memory: bool = False) -> Task[Snapshot]:
        """Take a snapshot; with ``memory``, of the memory too. The task's result is the `Snapshot`."""
        return self.do(actions.TakeSnapshot(name_label, memory))

    def revert(self, snapshot: Ref | Snapshot) -> Task[VM]:
        """Return the VM to one of its snapshots."""
        return self.do(actions.Revert(as_ref(snapshot)))

    def clone(self, name_label: str) -> Task[VM]:
        """Copy the VM with its disks. The task's result is the new `VM`, halted."""
        return self.do(actions.Clone(name_label))

    def migrate(
        self, host: Ref | Host | None = None, pool: Ref | Resource | None = None, live: bool = True
    ) -> Task[VM]:
        """Move the VM to another host, its disks to another storage pool, or both; None: the server chooses."""
        return self.do(actions.Migrate(as_ref(host), as_ref(pool), live))

    def attach_volume(self, volume: Ref | Resource) -> Task[VM]:
        """Attach a volume."""
        return self.do(actions.AttachVolume(as_ref(volume)))

    def detach_volume(self, volume: Ref | Resource) -> Task[VM]:
        """Detach a volume. The volume itself is kept."""
        return self.do(actions.DetachVolume(as_ref(volume)))

    def attach_network(self, network: Ref | Resource) -> Task[VM]:
        """Add an interface on a network."""
        return self.do(actions.AttachNetwork(as_ref(network)))

    def detach_network(self, network: Ref | Resource) -> Task[VM]:
        """Remove all interfaces on a network."""
        return self.do(actions.DetachNetwork(as_ref(network)))

    def set_tags(self, tags: Iterable[str]) -> Task[VM]:
        """Replace all tags with these."""
        return self.do(actions.SetTags(actions.as_tags(tags)))

    def delete(self, keep_volumes: Iterable[Ref | Resource] = ()) -> Task[None]:
        """Delete the VM with its own disks.

        Volumes that were attached separately, and ``keep_volumes``, are detached and stay.
        """
        return self.do(actions.Delete(as_refs(keep_volumes)))


class Host(Resource, frozen=True):
    """A machine that runs VMs.

    | state: up, down, maintenance, or unknown
    | address: the address that its management is reached at, as text
    | product, version: the hypervisor's name and version
    | cpus: the number of logical processors
    | memory_bytes, memory_free_bytes: the whole memory, and the part that is free now
    | cluster: the cluster that it belongs to; None where it belongs to none
    | status: the server's own word for its state
    | problem: a text if a person is needed, else None
    """

    kind: ClassVar[str] = "Host"

    state: HostState
    address: str | None
    product: str | None
    version: str | None
    cpus: int | None
    memory_bytes: int | None
    memory_free_bytes: int | None
    cluster: Ref | None
    status: str | None
    problem: str | None


class Cluster(Resource, frozen=True):
    """A group of hosts between which VMs can move (a cluster, a Xen pool, a host aggregate).

    | hosts: its members
    """

    kind: ClassVar[str] = "Cluster"

    hosts: tuple[Ref, ...]


class Snapshot(Resource, frozen=True):
    """The state of a VM at one moment, saved.

    | vm: the VM that it was taken of, or the `Image` that this VM was turned into; None if that is gone
    | parent: the snapshot before it; None for the first
    | has_memory: whether the memory was saved too
    """

    kind: ClassVar[str] = "Snapshot"

    vm: Ref | None
    parent: Ref | None
    has_memory: bool | None

    def revert(self) -> Task[VM]:
        """Return the VM to this snapshot. The task's result is the `VM`.

        Raises `InvalidState` if the VM is gone, or has become an image.
        """
        if self.vm is None or self.vm.kind != VM.kind:
            raise InvalidState(f"{self._label()}: its VM is gone, or has become an image")
        vms: BoundCollection = self.provider.collection(VM.kind)
        return cast("Task[VM]", vms.do(self.vm, actions.Revert(self.ref), label=f"VM to {self._label()}"))

    def delete(self) -> Task[None]:
        """Delete the snapshot; the VM keeps its present state."""
        return self.do(actions.Delete())


class Flavor(Resource, frozen=True):
    """A size that VMs can be created in.

    | vcpus, memory_bytes, disk_bytes: the processors, memory and disk of a VM of this size
    """

    kind: ClassVar[str] = "Flavor"

    vcpus: int | None
    memory_bytes: int | None
    disk_bytes: int | None
