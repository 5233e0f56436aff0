"""What can be asked of a resource, as data.

``vm.do(Start())`` is what ``vm.start()`` does. An action is a value: a plan of them can be kept, listed, shown with
``vm.do(action, dry_run=True)``, and carried out.

>>> from hvlib.actions import Migrate, Rename
>>> plan = [Rename("web-1"), Migrate(live=False)]
>>> print(*plan, sep="; ")
rename name_label='web-1'; migrate live=False
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Protocol, Self, overload

import msgspec

from hvlib.model.arguments import can_be_sent
from hvlib.model.errors import InvalidQuery
from hvlib.model.ref import Ref, check_kind, checked

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
    "as_ref",
    "as_refs",
    "as_tags",
    "must_be_ref",
]


class HasRef(Protocol):
    """A record, or whatever else has a ref."""

    @property
    def ref(self) -> Ref: ...


PRIVATE = frozenset({"user_data", "native"})
"""Fields that may hold secrets: they are never shown."""


class Action(msgspec.Struct, frozen=True):
    """The base of all actions. ``name`` is what people call it."""

    name: ClassVar[str] = ""

    def refs(self) -> Iterator[Ref]:
        """The refs that it names, beside the object that it is asked of."""
        return (value for _, value in self._values() if isinstance(value, Ref))

    def checked(self) -> Self:
        """The action as it may be sent: lists are tuples.

        Raises `InvalidQuery` for a value of another type, a ref of another kind, and what can't be sent.
        """
        try:
            action = msgspec.convert(msgspec.structs.asdict(self), type(self))
        except msgspec.ValidationError as error:
            raise InvalidQuery(f"{self.name} can't be asked for like this: {error}") from error
        for field, value in action._values():
            check_kind(field, value)
            self._check_sendable(value)
        return action

    def _check_sendable(self, value: object) -> None:
        """Raise `InvalidQuery` for text that can't be sent, and for what is no plain value, at any depth."""
        match value:
            case Ref():
                checked(value)
            case str():
                if not can_be_sent(value):
                    raise InvalidQuery(f"{self.name} can't be asked for like this: {value!r} can't be sent")
            case Mapping():
                for each in (*value.keys(), *value.values()):
                    self._check_sendable(each)
            case list() | tuple():
                for each in value:
                    self._check_sendable(each)
            case None | bool() | int() | float():
                pass
            case _:
                raise InvalidQuery(f"{self.name} can't be asked for like this: {value!r} is no plain value")

    def _values(self) -> Iterator[tuple[str, object]]:
        """Each field and its value; a field of several values once for each of them."""
        for field in self.__struct_fields__:
            value = getattr(self, field)
            yield from ((field, each) for each in (value if isinstance(value, tuple) else (value,)))

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
def as_ref(target: Ref | HasRef) -> Ref: ...
@overload
def as_ref(target: Ref | HasRef | None) -> Ref | None: ...
def as_ref(target: Ref | HasRef | None) -> Ref | None:
    """The ref of what was given as a ref or as a record. Raises `InvalidQuery` for anything else."""
    if target is None:
        return None
    ref = target if isinstance(target, Ref) else getattr(target, "ref", None)
    if isinstance(ref, Ref):
        return checked(ref)
    raise InvalidQuery(f"not a ref or a resource: {target!r}", hint="Ref.parse(...) reads a ref's text")


def as_refs(targets: Iterable[Ref | HasRef]) -> tuple[Ref, ...]:
    """The refs of several. Raises `InvalidQuery` for what is no list of refs or records."""
    if isinstance(targets, (str, bytes, Ref)) or not isinstance(targets, Iterable):
        raise InvalidQuery(f"not a list of refs or resources: {targets!r}")
    return tuple(must_be_ref(target) for target in targets)


def must_be_ref(target: Ref | HasRef) -> Ref:
    """The ref of what was given as a ref or as a record. Raises `InvalidQuery` for anything else, and for None."""
    ref = as_ref(target)
    if ref is None:
        raise InvalidQuery("not a ref or a resource: None")
    return ref


def as_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Each tag once, sorted. Raises `InvalidQuery` for what is no list of texts."""
    if isinstance(tags, (str, bytes)) or not isinstance(tags, Iterable):
        raise InvalidQuery(f"tags are a list of texts, not {tags!r}")
    given = list(tags)
    if not all(isinstance(tag, str) for tag in given):
        raise InvalidQuery(f"tags are a list of texts, not {given!r}")
    return tuple(sorted(set(given)))


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

    def checked(self) -> Self:
        """`Action.checked`; each tag once, sorted."""
        return type(self)(as_tags(super().checked().tags))


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
