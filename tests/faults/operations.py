"""The operations that meet a fault. Each checks its result, and what must work after the fault."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar

import hvlib
from hvlib.actions import Action, Start, Stop

__all__ = ["OPERATIONS", "Operation", "truth"]

FIELDS = ("name_label", "power_state")
PAGE = 5
WAIT_SECONDS = 1.5
"""How long one wait for an event takes, in seconds. More than 1, because servers count whole seconds."""

NAME = "created under faults"

BOUND = 5.0
"""How long a watch may take to deliver a change, in seconds."""

States = dict[hvlib.Ref, tuple[str, str]]


def truth(provider: hvlib.Provider) -> States:
    """Return the name and the power state of all VMs."""
    return plain(provider.compute.vms.get_all_records(fields=FIELDS))


def plain(records: Mapping[hvlib.Ref, hvlib.VM]) -> States:
    return {ref: (vm.name_label, vm.power_state) for ref, vm in records.items()}


class Operation(ABC):
    """One operation of ``provider``.

    | admin: a provider without faults
    | creation: `faults.target.Target.creation`
    """

    performs: ClassVar[bool] = False
    """Whether the operation changes something at the server."""

    def __init__(self, provider: hvlib.Provider, admin: hvlib.Provider, creation: Mapping[str, Any]) -> None:
        self.provider = provider
        self.admin = admin
        self.creation = creation

    def prepare(self) -> None:
        """Make the calls before the one that meets the fault."""
        _ = self.provider.about

    @abstractmethod
    def run(self) -> None:
        """Run the operation, and check the result."""

    def run_again(self) -> None:
        """Continue after an error."""
        self.run()

    def settle(self, acted: bool) -> None:  # noqa: B027 -- few operations have anything to wait for
        """Wait until the server has finished the operation, if it acted."""

    def close(self) -> None:  # noqa: B027 -- few operations have anything to release
        """Release the operation's watch or VMs."""


class Login(Operation):
    def prepare(self) -> None:
        pass

    def run(self) -> None:
        assert self.provider.about == self.admin.about


class List(Operation):
    def run(self) -> None:
        vms = self.provider.compute.vms.get_all(fields=FIELDS, page_size=PAGE).all()
        records = {vm.ref: vm for vm in vms}
        assert len(records) == len(vms), "the listing has duplicates"
        assert plain(records) == truth(self.admin)


class Pages(Operation):
    def run(self) -> None:
        vms: list[hvlib.VM] = []
        with self.provider.compute.vms.get_all(fields=FIELDS, page_size=PAGE) as pager:
            for page in pager.pages():
                vms += page.items
        records = {vm.ref: vm for vm in vms}
        assert len(records) == len(vms), "the pages have duplicates"
        assert plain(records) == truth(self.admin)


class ByUuid(Operation):
    def run(self) -> None:
        vm = self.admin.compute.vms.get_all().first()
        assert vm is not None
        assert self.provider.compute.vms.get_by_uuid(vm.uuid) == vm


class ByName(Operation):
    def run(self) -> None:
        vm = self.admin.compute.vms.get_all().first()
        assert vm is not None
        assert vm in self.provider.compute.vms.get_by_name_label(vm.name_label)


class Watching(Operation):
    """A watch, and the state of all VMs according to its events."""

    watch: hvlib.Watch[hvlib.VM] | None = None

    def follow(self, expected: States) -> None:
        """Read events until the snapshot is complete and the events add up to the expected state."""
        if self.watch is None:
            self.known: States = {}
            self.synced = False
            self.watch = self.provider.compute.vms.watch(fields=FIELDS)
        deadline = time.monotonic() + BOUND
        while not self.synced or self.known != expected:
            assert time.monotonic() < deadline, f"the watch did not deliver the state within {BOUND:g} s"
            try:
                event = self.watch.next(timeout=WAIT_SECONDS)
            except hvlib.WaitTimeout:
                continue
            assert event is not None
            self._apply(event)

    def _apply(self, event: hvlib.Event[hvlib.VM]) -> None:
        if event.type == "SYNCED":
            self.synced = True
            return
        assert event.ref is not None
        assert event.resource is not None
        assert (event.type == "ADDED") == (event.ref not in self.known), event
        if event.type == "DELETED":
            del self.known[event.ref]
        else:
            self.known.update(plain({event.ref: event.resource}))

    def close(self) -> None:
        if self.watch is not None:
            self.watch.close()


class Snapshot(Watching):
    def run(self) -> None:
        self.follow(truth(self.admin))


class Watch(Watching):
    def prepare(self) -> None:
        self.follow(truth(self.admin))
        toggle(self.admin, a_vm(self.admin)).wait(timeout=BOUND)

    def run(self) -> None:
        self.follow(truth(self.admin))


class Act(Operation):
    performs: ClassVar[bool] = True

    def prepare(self) -> None:
        super().prepare()
        self.vm = a_vm(self.admin)
        self.wanted = "halted" if self.vm.power_state == "running" else "running"

    def run(self) -> None:
        assert toggle(self.provider, self.vm).wait(timeout=BOUND).power_state == self.wanted

    def run_again(self) -> None:
        """Do nothing: the caller does not know whether the server acted, so it must not repeat the action."""

    def settle(self, acted: bool) -> None:
        if acted:
            self.admin.compute.vms.wait_for(self.vm.ref, power_state=self.wanted, timeout=BOUND)
        else:
            assert self.admin.compute.vms.get(self.vm.ref).power_state == self.vm.power_state


class Follow(Operation):
    performs: ClassVar[bool] = True

    def prepare(self) -> None:
        vm = a_vm(self.admin)
        self.wanted = "halted" if vm.power_state == "running" else "running"
        self.task = toggle(self.provider, vm)

    def run(self) -> None:
        assert self.task.wait(timeout=BOUND).power_state == self.wanted


class Create(Operation):
    performs: ClassVar[bool] = True

    def prepare(self) -> None:
        super().prepare()
        self.left: tuple[hvlib.Ref, ...] = ()
        self.options = {"image": self.admin.image.images.get_all().first(), **self.creation}
        with suppress(hvlib.Unsupported):
            self.options["flavor"] = self.admin.compute.flavors.get_all().first()

    def run(self) -> None:
        try:
            self.provider.compute.vms.create(NAME, **self.options).wait(timeout=BOUND)
        except hvlib.HvlibError as error:
            self.left = tuple(error.left)
            raise
        assert len(self.made()) == 1

    def run_again(self) -> None:
        """Check that no VM is left, except those that the error names."""
        assert {vm.ref for vm in self.made()} <= {*self.left}

    def settle(self, acted: bool) -> None:
        wanted = "running" if self.creation["start"] else "halted"
        for vm in self.made() if acted else ():
            self.admin.compute.vms.wait_for(vm.ref, power_state=wanted, timeout=BOUND)

    def made(self) -> list[hvlib.VM]:
        return self.admin.compute.vms.get_by_name_label(NAME)

    def close(self) -> None:
        for vm in self.made():
            if vm.power_state == "running":
                vm.stop().wait(timeout=BOUND)
            vm.delete().wait(timeout=BOUND)


def a_vm(admin: hvlib.Provider) -> hvlib.VM:
    """Return a VM that can be started or stopped."""
    vm = admin.compute.vms.get_all(power_state=["running", "halted"]).first()
    assert vm is not None
    return vm


def toggle(provider: hvlib.Provider, vm: hvlib.VM) -> hvlib.Task[hvlib.VM]:
    """Stop a VM if it runs, else start it."""
    action: Action = Stop() if vm.power_state == "running" else Start()
    return provider.compute.vms.do(vm.ref, action)


OPERATIONS: Mapping[str, type[Operation]] = {
    "login": Login,
    "list": List,
    "pages": Pages,
    "by uuid": ByUuid,
    "by name": ByName,
    "snapshot": Snapshot,
    "watch": Watch,
    "action": Act,
    "task": Follow,
    "create": Create,
}
