"""Actions on resources, as data.

``vm.start()`` is the same as ``vm.do(Start())``. An action is a value: a plan, which is a list of actions, can be
stored, printed, shown with ``vm.do(action, dry_run=True)``, and carried out.

>>> from hvlib.actions import Migrate, Rename
>>> plan = [Rename("web-1"), Migrate(live=False)]
>>> print(*plan, sep="; ")
rename name_label='web-1'; migrate live=False
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from hvlib.model.action import Action, Create
from hvlib.model.errors import InvalidQuery
from hvlib.model.ref import Ref

__all__ = [
    "Action",
    "AttachNetwork",
    "AttachVolume",
    "Cancel",
    "Clone",
    "Create",
    "CreateNetwork",
    "CreateVM",
    "CreateVolume",
    "Delete",
    "DetachNetwork",
    "DetachVolume",
    "Migrate",
    "Pause",
    "Reboot",
    "Rename",
    "Resize",
    "ResizeVolume",
    "Resume",
    "Revert",
    "SetTags",
    "Shutdown",
    "Start",
    "Stop",
    "Suspend",
    "TakeSnapshot",
    "Unpause",
    "as_tags",
]


def as_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags, each once, sorted. Raises `InvalidQuery` for anything but a list of texts."""
    if isinstance(tags, (str, bytes)) or not isinstance(tags, Iterable):
        raise InvalidQuery(f"tags must be a list of texts, not {tags!r}")
    given = list(tags)
    if not all(isinstance(tag, str) for tag in given):
        raise InvalidQuery(f"tags must be a list of texts, not {given!r}")
    return tuple(sorted(set(given)))


class Start(Action, frozen=True):
    """Power a halted VM on."""

    name = "start"


class Stop(Action, frozen=True):
    """Power a VM off."""

    name = "stop"


class Shutdown(Action, frozen=True):
    """Ask a VM's guest to shut down. The task ends when the VM is halted."""

    name = "shutdown"


class Reboot(Action, frozen=True):
    """Ask a VM's guest to restart, or reset the VM. The task ends when the guest has started again."""

    name = "reboot"
    hard: bool = False


class Suspend(Action, frozen=True):
    """Write a VM's memory to disk and stop it."""

    name = "suspend"


class Resume(Action, frozen=True):
    """Let a suspended VM run again."""

    name = "resume"


class Pause(Action, frozen=True):
    """Stop a VM's processors."""

    name = "pause"


class Unpause(Action, frozen=True):
    """Let a paused VM's processors run again."""

    name = "unpause"


class Rename(Action, frozen=True):
    """Give a resource another name."""

    name = "rename"
    name_label: str


class Resize(Action, frozen=True):
    """Change a VM's processors, memory, or flavor. Values that are None stay as they are."""

    name = "resize"
    vcpus: int | None = None
    memory_bytes: int | None = None
    flavor: Ref | None = None


class TakeSnapshot(Action, frozen=True):
    """Take a snapshot of a VM; with ``memory``, of its memory too."""

    name = "snapshot"
    name_label: str
    memory: bool = False


class Revert(Action, frozen=True):
    """Return a VM to a snapshot."""

    name = "revert"
    snapshot: Ref


class Clone(Action, frozen=True):
    """Copy a VM."""

    name = "clone"
    name_label: str


class Migrate(Action, frozen=True):
    """Move a VM to another host, its disks to another storage pool, or both; None: the server chooses."""

    name = "migrate"
    host: Ref | None = None
    pool: Ref | None = None
    live: bool = True


class AttachVolume(Action, frozen=True):
    """Attach a volume to a VM."""

    name = "attach-volume"
    volume: Ref


class DetachVolume(Action, frozen=True):
    """Detach a volume from a VM."""

    name = "detach-volume"
    volume: Ref


class AttachNetwork(Action, frozen=True):
    """Add an interface on a network to a VM."""

    name = "attach-network"
    network: Ref


class DetachNetwork(Action, frozen=True):
    """Remove a VM's interfaces on a network."""

    name = "detach-network"
    network: Ref


class SetTags(Action, frozen=True):
    """Replace a resource's tags."""

    name = "set-tags"
    tags: tuple[str, ...]

    def checked(self) -> Self:
        """`Action.checked`, with each tag once, sorted."""
        return type(self)(as_tags(super().checked().tags))


class Delete(Action, frozen=True):
    """Delete a resource. A VM's own disks are deleted with it, except ``keep_volumes``."""

    name = "delete"
    keep_volumes: tuple[Ref, ...] = ()


class Cancel(Action, frozen=True):
    """Ask the server to cancel a task."""

    name = "cancel"


class CreateVM(Create, frozen=True):
    """Create a VM from an image."""

    name_label: str
    image: Ref
    flavor: Ref | None = None
    vcpus: int | None = None
    memory_bytes: int | None = None
    networks: tuple[Ref, ...] = ()
    volumes: tuple[Ref, ...] = ()
    host: Ref | None = None
    cluster: Ref | None = None
    pool: Ref | None = None
    user_data: str | None = None
    start: bool = False
    native: Mapping[str, Any] | None = None


class CreateVolume(Create, frozen=True):
    """Create a volume."""

    name_label: str
    size_bytes: int
    pool: Ref | None = None


class ResizeVolume(Action, frozen=True):
    """Change a volume's size."""

    name = "resize"
    size_bytes: int


class CreateNetwork(Create, frozen=True):
    """Create a network."""

    name_label: str
    vlan_id: int | None = None
    mtu: int | None = None
