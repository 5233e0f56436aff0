"""What can be asked of a resource, as data.

``vm.do(Start())`` is what ``vm.start()`` does. An action is a value: a plan of them can be kept, listed, shown with
``vm.do(action, dry_run=True)``, and carried out.

>>> from hvlib.actions import Migrate, Rename
>>> plan = [Rename("web-1"), Migrate(live=False)]
>>> print(*plan, sep="; ")
rename name_label='web-1'; migrate live=False
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, overload

import msgspec

from hvlib.errors import InvalidQuery
from hvlib.ref import Ref

if TYPE_CHECKING:
    from hvlib.resources import Resource


PRIVATE = frozenset({"user_data", "native"})
"""Fields that may hold secrets: they are never shown."""


class Action(msgspec.Struct, frozen=True):
    """The base of all actions. ``name`` is what people call it."""

    name: ClassVar[str] = ""

    def refs(self) -> Iterator[Ref]:
        """The refs that it names, beside the object that it is asked of."""
        for field in self.__struct_fields__:
            value = getattr(self, field)
            for each in value if isinstance(value, tuple) else (value,):
                if isinstance(each, Ref):
                    yield each

    def check(self) -> None:
        """Raise `InvalidQuery` if a field's value is not of its type."""
        try:
            msgspec.convert(msgspec.structs.asdict(self), type(self))
        except msgspec.ValidationError as error:
            raise InvalidQuery(f"{self.name} can't be asked for like this: {error}") from error

    def __str__(self) -> str:
        values = ((field, getattr(self, field)) for field in self.__struct_fields__)
        defaults = dict(zip(reversed(self.__struct_fields__), reversed(self.__struct_defaults__), strict=False))
        given = [(field, value) for field, value in values if value != defaults.get(field, msgspec.NODEFAULT)]
        shown = [f"{field}={'...' if field in PRIVATE else repr(value)}" for field, value in given]
        return " ".join([self.name, *shown])

    def __repr__(self) -> str:
        return f"<{self}>"


class Create(Action, frozen=True):
    """The base of the actions that make an object: they are asked of a collection, the others of a resource."""

    name = "create"


@overload
def as_ref(target: Ref | Resource) -> Ref: ...
@overload
def as_ref(target: Ref | Resource | None) -> Ref | None: ...
def as_ref(target: Ref | Resource | None) -> Ref | None:
    """The ref of what was given as a ref or as a record."""
    return target if target is None or isinstance(target, Ref) else target.ref


class Start(Action, frozen=True):
    """Power a VM on."""

    name = "start"


class Stop(Action, frozen=True):
    """Power a VM off."""

    name = "stop"


class Shutdown(Action, frozen=True):
    """Ask a VM's guest to shut down."""

    name = "shutdown"


class Reboot(Action, frozen=True):
    """Ask a VM's guest to restart, or reset the VM."""

    name = "reboot"
    hard: bool = False


class Suspend(Action, frozen=True):
    """Write a VM's memory to disk and stop it."""

    name = "suspend"


class Resume(Action, frozen=True):
    """Let a suspended VM go on."""

    name = "resume"


class Pause(Action, frozen=True):
    """Stop a VM's processors."""

    name = "pause"


class Unpause(Action, frozen=True):
    """Let a paused VM's processors run."""

    name = "unpause"


class Rename(Action, frozen=True):
    """Give a resource another name."""

    name = "rename"
    name_label: str


class Resize(Action, frozen=True):
    """Change a VM's processors, memory, or flavor; what is None stays."""

    name = "resize"
    vcpus: int | None = None
    memory_bytes: int | None = None
    flavor: Ref | None = None


class TakeSnapshot(Action, frozen=True):
    """Take a snapshot of a VM."""

    name = "snapshot"
    name_label: str
    memory: bool = False


class Revert(Action, frozen=True):
    """Take a VM back to a snapshot."""

    name = "revert"
    snapshot: Ref


class Clone(Action, frozen=True):
    """Copy a VM."""

    name = "clone"
    name_label: str


class Migrate(Action, frozen=True):
    """Move a VM to a host, its disks to a storage pool; None: the server's choice."""

    name = "migrate"
    host: Ref | None = None
    pool: Ref | None = None
    live: bool = True


class AttachVolume(Action, frozen=True):
    """Give a VM a volume."""

    name = "attach-volume"
    volume: Ref


class DetachVolume(Action, frozen=True):
    """Take a volume from a VM."""

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


class Delete(Action, frozen=True):
    """Delete a resource; of a VM's own disks ``keep_volumes`` stay."""

    name = "delete"
    keep_volumes: tuple[Ref, ...] = ()


class Cancel(Action, frozen=True):
    """Ask the server to cancel a task."""

    name = "cancel"


class CreateVM(Create, frozen=True):
    """Make a VM from an image."""

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
    """Make a volume."""

    name_label: str
    size_bytes: int
    pool: Ref | None = None


class ResizeVolume(Action, frozen=True):
    """Change a volume's size."""

    name = "resize"
    size_bytes: int


class CreateNetwork(Create, frozen=True):
    """Make a network."""

    name_label: str
    vlan_id: int | None = None
    mtu: int | None = None
