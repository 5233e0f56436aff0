"""Adapters that carry out actions wrongly. Each docstring says what the driver would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from msgspec.structs import replace
from seeds.delegating import DelegatingAdapter

from hvlib import actions
from hvlib.actions import Action
from hvlib.driver import Done, Outcome, Steps
from hvlib.errors import Conflict
from hvlib.model.query import make_query
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Resource, Snapshot, TaskRecord, Volume
from hvlib.model.task import ENDED

__all__ = [
    "AttachNetworkInItsBooks",
    "AttachVolumeInItsBooks",
    "CancelNothing",
    "CreateBare",
    "DeleteKeepsNothing",
    "DetachNetworkInItsBooks",
    "DetachVolumeInItsBooks",
    "DiskOnlySnapshot",
    "MigrateHostOnly",
    "MigrateNotLive",
    "NetworkUntagged",
    "PowersOn",
    "RebootNothing",
    "RebootsHard",
    "RevertNothing",
    "ShutdownIsStop",
    "VolumeAnyPool",
    "create_without",
    "done_when_requested",
]


class Altering(DelegatingAdapter):
    """Carry out another action, which `alter` chooses, and report the requested action as done."""

    def submit(self, ref: Ref | None, action: Action) -> Outcome:
        altered = self.alter(ref, action)
        return Done(ref) if altered is None else super().submit(ref, altered)

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        altered = self.alter(ref, action)
        return ref if altered is None else super().take_steps(ref, altered, steps)

    def alter(self, ref: Any, action: Action) -> Action | None:
        """Return the action to carry out instead. None: carry out nothing."""
        raise NotImplementedError

    def read(self, ref: Ref, kind: type[Resource]) -> Any:
        """Read an object's current record from the server."""
        adapter = self.session.wrapped.adapters[kind]
        [record] = adapter.get([ref], cast(Any, make_query(kind, adapter.fields, refs=[ref])))
        return record


class RevertNothing(Altering):
    """Check that a snapshot belongs to the VM, but do not revert to it."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        own = isinstance(action, actions.Revert) and self.read(action.snapshot, Snapshot).vm == ref
        return None if own else action


class RebootNothing(Altering):
    """Report a running VM as rebooted, without rebooting it."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        runs = isinstance(action, actions.Reboot) and self.read(ref, VM).power_state == "running"
        return None if runs else action


class RebootsHard(Altering):
    """Reset a VM instead of asking its guest to reboot."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        return actions.Reboot(hard=True) if isinstance(action, actions.Reboot) else action


class ShutdownIsStop(Altering):
    """Power a VM off instead of asking its guest to shut down."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        return actions.Stop() if isinstance(action, actions.Shutdown) else action


class PowersOn(Altering):
    """Do not distinguish start and resume: both make a VM run, whether it was halted or suspended."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        if not isinstance(action, (actions.Start, actions.Resume)):
            return action
        state = self.read(ref, VM).power_state
        return {"halted": actions.Start(), "suspended": actions.Resume()}.get(state, action)


class DoneWhenRequested(DelegatingAdapter):
    """Report an action as done as soon as the guest was asked for it."""

    action_type: ClassVar[type[Action]] = Action

    def submit(self, ref: Ref | None, action: Action) -> Outcome:
        outcome = super().submit(ref, action)
        return Done(ref) if isinstance(action, self.action_type) else outcome


def done_when_requested(action_type: type[Action]) -> type[DoneWhenRequested]:
    """Return an adapter type that reports this action as done as soon as the guest was asked for it."""
    return type("DoneWhenRequested", (DoneWhenRequested,), {"action_type": action_type})


class CreateBare(Altering):
    """Make a VM from its image, but ignore some of the options."""

    ignored: ClassVar[tuple[str, ...]] = ()

    def alter(self, ref: Any, action: Action) -> Action | None:
        if not isinstance(action, actions.CreateVM):
            return action
        bare = actions.CreateVM(action.name_label, action.image)
        return replace(action, **{option: getattr(bare, option) for option in self.ignored})


def create_without(*options: str) -> type[CreateBare]:
    """Return an adapter type that ignores these options."""
    return type("CreateWithout", (CreateBare,), {"ignored": options})


class DeleteKeepsNothing(Altering):
    """Delete all of a VM's disks with it, also the volumes to keep."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        return actions.Delete() if isinstance(action, actions.Delete) else action


class DiskOnlySnapshot(Altering):
    """Take every snapshot without memory."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        return replace(action, memory=False) if isinstance(action, actions.TakeSnapshot) else action


class MigrateHostOnly(Altering):
    """Migrate a VM to another host, but leave its disks in their pool."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        if not isinstance(action, actions.Migrate) or action.pool is None:
            return action
        return None if action.host is None else replace(action, pool=None)


class MigrateNotLive(Altering):
    """Migrate a VM by starting it again on the other host, and never live."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        return replace(action, live=False) if isinstance(action, actions.Migrate) else action


class VolumeAnyPool(Altering):
    """Create a volume in any pool, which the server chooses."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        return replace(action, pool=None) if isinstance(action, actions.CreateVolume) else action


class NetworkUntagged(Altering):
    """Create a network with its name only, and ignore its other options."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        return actions.CreateNetwork(action.name_label) if isinstance(action, actions.CreateNetwork) else action


class CancelNothing(Altering):
    """Report a task that has not ended as cancelled, without cancelling it."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        under_way = isinstance(action, actions.Cancel) and self.read(ref, TaskRecord).state not in ENDED
        return None if under_way else action


class Attachments(DelegatingAdapter):
    """Do not attach or detach anything, but list it as if that was done: from books that the session keeps."""

    booked: ClassVar[tuple[type[Action], ...]] = ()

    def submit(self, ref: Ref | None, action: Action) -> Outcome:
        books: dict[tuple[Ref | None, Ref], bool] = self.session.__dict__.setdefault("books", {})
        parts = list(action.refs())
        if isinstance(action, self.booked):
            [part] = parts
            if any(attached and part == other for (_, other), attached in books.items()) and part.kind == "Volume":
                raise Conflict("it is attached")
            books[ref, part] = isinstance(action, actions.AttachVolume | actions.AttachNetwork)
            return Done(ref)
        return super().submit(ref, action)

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        books: dict[tuple[Ref | None, Ref], bool] = self.session.__dict__.setdefault("books", {})
        for key in [key for key in books if isinstance(action, actions.Delete) and key[0] == ref]:
            del books[key]
        return super().take_steps(ref, action, steps)

    def records(self, records: Sequence[Any]) -> list[Any]:
        return [self._booked(record) for record in super().records(records)]

    def _booked(self, record: Any) -> Any:
        for (vm, part), attached in self.session.__dict__.get("books", {}).items():
            field = f"{part.kind.lower()}s"
            if record.ref == vm and field in record.loaded:
                record = replace(record, **{field: _changed(getattr(record, field), part, attached)})
            if self.kind is Volume and record.ref == part and "vms" in record.loaded:
                record = replace(record, vms=_changed(record.vms, vm, attached))
        return record


class AttachVolumeInItsBooks(Attachments):
    """Attach a volume only in the driver's own books."""

    booked = (actions.AttachVolume,)


class DetachVolumeInItsBooks(Attachments):
    """Detach a volume only in the driver's own books."""

    booked = (actions.DetachVolume,)


class AttachNetworkInItsBooks(Attachments):
    """Attach a network only in the driver's own books."""

    booked = (actions.AttachNetwork,)


class DetachNetworkInItsBooks(Attachments):
    """Detach a network only in the driver's own books."""

    booked = (actions.DetachNetwork,)


def _changed(refs: tuple[Ref, ...], ref: Any, attached: bool) -> tuple[Ref, ...]:
    others = tuple(other for other in refs if other != ref)
    return (*others, ref) if attached else others
