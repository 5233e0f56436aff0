"""Adapters that do other than they are asked: each docstring says what its driver would do."""

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
    "over_when_asked",
]


class Altering(DelegatingAdapter):
    """What `alter` makes of an action is done, and said to be all."""

    def submit(self, ref: Ref | None, action: Action) -> Outcome:
        altered = self.alter(ref, action)
        return Done(ref) if altered is None else super().submit(ref, altered)

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        altered = self.alter(ref, action)
        return ref if altered is None else super().take_steps(ref, altered, steps)

    def alter(self, ref: Any, action: Action) -> Action | None:
        """What is done instead; None: nothing."""
        raise NotImplementedError

    def look(self, ref: Ref, kind: type[Resource]) -> Any:
        """An object as the server has it now."""
        adapter = self.session.wrapped.adapters[kind]
        [found] = adapter.get([ref], cast(Any, make_query(kind, adapter.fields, refs=[ref])))
        return found


class RevertNothing(Altering):
    """It looks whose snapshot it is, and that is all."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        own = isinstance(action, actions.Revert) and self.look(action.snapshot, Snapshot).vm == ref
        return None if own else action


class RebootNothing(Altering):
    """A VM that runs is said to have been rebooted."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        runs = isinstance(action, actions.Reboot) and self.look(ref, VM).power_state == "running"
        return None if runs else action


class RebootsHard(Altering):
    """No guest is ever asked: a VM is reset."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        return actions.Reboot(hard=True) if isinstance(action, actions.Reboot) else action


class ShutdownIsStop(Altering):
    """No guest is ever asked: a VM is powered off."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        return actions.Stop() if isinstance(action, actions.Shutdown) else action


class PowersOn(Altering):
    """To start and to resume is one: a VM runs after both, whether it was halted or suspended."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        if not isinstance(action, (actions.Start, actions.Resume)):
            return action
        state = self.look(ref, VM).power_state
        return {"halted": actions.Start(), "suspended": actions.Resume()}.get(state, action)


class OverWhenAsked(DelegatingAdapter):
    """What a guest was asked is said to be done."""

    asked: ClassVar[type[Action]] = Action

    def submit(self, ref: Ref | None, action: Action) -> Outcome:
        outcome = super().submit(ref, action)
        return Done(ref) if isinstance(action, self.asked) else outcome


def over_when_asked(asked: type[Action]) -> type[OverWhenAsked]:
    """One for which this action is over when the guest was asked."""
    return type("OverWhenAsked", (OverWhenAsked,), {"asked": asked})


class CreateBare(Altering):
    """A VM is made of its image; some options are not heeded."""

    ignored: ClassVar[tuple[str, ...]] = ()

    def alter(self, ref: Any, action: Action) -> Action | None:
        if not isinstance(action, actions.CreateVM):
            return action
        bare = actions.CreateVM(action.name_label, action.image)
        return replace(action, **{option: getattr(bare, option) for option in self.ignored})


def create_without(*options: str) -> type[CreateBare]:
    """One that does not heed these options."""
    return type("CreateWithout", (CreateBare,), {"ignored": options})


class DeleteKeepsNothing(Altering):
    """All of a VM's disks go with it."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        return actions.Delete() if isinstance(action, actions.Delete) else action


class DiskOnlySnapshot(Altering):
    """The memory is never kept."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        return replace(action, memory=False) if isinstance(action, actions.TakeSnapshot) else action


class MigrateHostOnly(Altering):
    """The disks stay where they are."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        if not isinstance(action, actions.Migrate) or action.pool is None:
            return action
        return None if action.host is None else replace(action, pool=None)


class MigrateNotLive(Altering):
    """A VM that is moved is started anew there."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        return replace(action, live=False) if isinstance(action, actions.Migrate) else action


class VolumeAnyPool(Altering):
    """The server chooses where a volume is kept."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        return replace(action, pool=None) if isinstance(action, actions.CreateVolume) else action


class NetworkUntagged(Altering):
    """A network is made by its name alone."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        return actions.CreateNetwork(action.name_label) if isinstance(action, actions.CreateNetwork) else action


class CancelNothing(Altering):
    """A task that has not ended is said to be cancelled."""

    def alter(self, ref: Any, action: Action) -> Action | None:
        goes_on = isinstance(action, actions.Cancel) and self.look(ref, TaskRecord).state not in ENDED
        return None if goes_on else action


class Attachments(DelegatingAdapter):
    """It writes down what is attached and detached, and shows its own books."""

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
    """No volume is attached but in its own books."""

    booked = (actions.AttachVolume,)


class DetachVolumeInItsBooks(Attachments):
    """No volume is detached but in its own books."""

    booked = (actions.DetachVolume,)


class AttachNetworkInItsBooks(Attachments):
    """No interface is added but in its own books."""

    booked = (actions.AttachNetwork,)


class DetachNetworkInItsBooks(Attachments):
    """No interface is removed but in its own books."""

    booked = (actions.DetachNetwork,)


def _changed(refs: tuple[Ref, ...], ref: Any, attached: bool) -> tuple[Ref, ...]:
    others = tuple(each for each in refs if each != ref)
    return (*others, ref) if attached else others
