"""Machines: the methods of VirtualMachine and Folder that change something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any, NamedTuple
from uuid import uuid4

from servers.vcenter.inventory import Entity, Inventory, complete
from servers.vcenter.machine_values import machine_values
from servers.vcenter.sdk import vim
from servers.vcenter.tasks import Tasks

__all__ = ["Machines"]

ON, OFF, SUSPENDED = "poweredOn", "poweredOff", "suspended"


class Power(NamedTuple):
    """A power operation: its name in tasks, the states in which it is allowed, and the state after it."""

    operation: str
    allowed: frozenset[str]
    state: str


POWER: Mapping[str, Power] = {
    "PowerOnVM_Task": Power("powerOn", frozenset({OFF, SUSPENDED}), ON),
    "PowerOffVM_Task": Power("powerOff", frozenset({ON, SUSPENDED}), OFF),
    "SuspendVM_Task": Power("suspend", frozenset({ON}), SUSPENDED),
    "ResetVM_Task": Power("reset", frozenset({ON}), ON),
}


class Machines:
    """Virtual machines. The inventory's lock is held in each call."""

    def __init__(self, inventory: Inventory, tasks: Tasks, guest_seconds: float) -> None:
        self._inventory = inventory
        self._tasks = tasks
        self._guest_seconds = guest_seconds
        self._snapshots = count(1)

    def methods(self) -> Mapping[str, Callable[..., Any]]:
        """The methods by their names. Each takes the object, then the arguments by name."""
        power = {name: self._power(name) for name in POWER}
        return {
            **power,
            "ShutdownGuest": self.shut_down,
            "RebootGuest": self.reboot,
            "Rename_Task": self.rename,
            "Destroy_Task": self.destroy,
            "MarkAsTemplate": lambda vm: self.mark(vm, True),
            "MarkAsVirtualMachine": lambda vm, pool, host=None: self.mark(vm, False),
            "CreateSnapshot_Task": self.snapshot,
            "AnswerVM": self.answer,
            "CreateVM_Task": self.create,
            "CreateFolder": self.create_folder,
            "MoveIntoFolder_Task": self.move,
            "CloneVM_Task": self.clone,
        }

    def set_power(self, vm: Entity, state: str) -> None:
        """Put a machine into a power state."""
        started = state == ON and vm.read("runtime.powerState") != SUSPENDED
        self._inventory.change(vm, "runtime.powerState", vim.VirtualMachine.PowerState(state))
        if started or state == OFF:
            self._inventory.change(vm, "runtime.bootTime", datetime.now(UTC) if started else None)
        status = "guestToolsRunning" if state == ON else "guestToolsNotRunning"
        self._inventory.change(vm, "guest.toolsRunningStatus", status)

    def shut_down(self, vm: Entity) -> None:
        """VirtualMachine.ShutdownGuest."""
        self._require_guest(vm)
        self._tasks.later(self._guest_seconds, lambda: self.set_power(vm, OFF))

    def reboot(self, vm: Entity) -> None:
        """VirtualMachine.RebootGuest: the guest's tools stop, and run again."""
        self._require_guest(vm)

        def stop() -> None:
            self._inventory.change(vm, "guest.toolsRunningStatus", "guestToolsNotRunning")
            self._tasks.later(self._guest_seconds, lambda: self.set_power(vm, ON))

        self._tasks.later(self._guest_seconds, stop)

    def rename(self, entity: Entity, newName: str) -> Any:  # noqa: N803 -- the API's name
        """ManagedEntity.Rename_Task. Raises DuplicateName if another object of the folder has the name."""

        def do() -> None:
            parent = self._inventory.find(entity.values["parent"])
            for child in parent.values["childEntity"]:
                other = self._inventory.find(child)
                if other is not entity and other.values["name"] == newName:
                    raise vim.fault.DuplicateName(name=newName, object=child, msg=f"{newName!r} exists already")
            self._inventory.change(entity, "name", newName)
            if isinstance(entity.ref, vim.VirtualMachine):
                self._inventory.change(entity, "config.name", newName)
                self._inventory.change(entity, "summary.config.name", newName)

        return self._tasks.begin("Rename_Task", "VirtualMachine.rename", entity, do)

    def destroy(self, vm: Entity) -> Any:
        """ManagedEntity.Destroy_Task. Raises InvalidPowerState unless the machine is off."""
        self._require_power(vm, frozenset({OFF}), OFF)
        return self._tasks.begin("Destroy_Task", "VirtualMachine.destroy", vm, lambda: self.remove(vm))

    def remove(self, vm: Entity) -> None:
        """Delete a machine in any state."""
        folder = self._inventory.find(vm.values["parent"])
        self._inventory.take_from(folder, "childEntity", vm.ref)
        for holder in self._holders(vm):
            self._inventory.take_from(holder, "vm", vm.ref)
        self._inventory.remove(vm)

    def mark(self, vm: Entity, template: bool) -> None:
        """VirtualMachine.MarkAsTemplate, MarkAsVirtualMachine. Raises InvalidPowerState unless the machine is off."""
        self._require_power(vm, frozenset({OFF}), OFF)
        self._inventory.change(vm, "config.template", template)
        self._inventory.change(vm, "summary.config.template", template)

    def snapshot(
        self, vm: Entity, name: str, description: str | None = None, memory: bool = False, quiesce: bool = False
    ) -> Any:
        """VirtualMachine.CreateSnapshot_Task."""

        def do() -> Any:
            number = next(self._snapshots)
            ref = vim.vm.Snapshot(f"snapshot-{number}")
            tree = complete(
                vim.vm.SnapshotTree,
                snapshot=ref,
                vm=vm.ref,
                name=name,
                description=description or "",
                id=number,
                createTime=datetime.now(UTC),
                state=vm.read("runtime.powerState") if memory else OFF,
            )
            self._inventory.add(ref, vm=vm.ref, config=vm.values["config"], childSnapshot=vim.vm.Snapshot.Array([]))
            self._inventory.change(vm, "snapshot", _with(vm.values["snapshot"], tree))
            self._inventory.change(
                vm, "rootSnapshot", vim.vm.Snapshot.Array([vm.values["snapshot"].rootSnapshotList[0].snapshot])
            )
            return ref

        return self._tasks.begin("CreateSnapshot_Task", "VirtualMachine.createSnapshot", vm, do)

    def ask(self, vm: Entity, text: str, choices: Mapping[str, str]) -> None:
        """Let a machine wait for the answer to a question."""
        question = complete(
            vim.vm.QuestionInfo,
            id=uuid4().hex[:8],
            text=text,
            choice=vim.option.ChoiceOption(
                choiceInfo=[
                    vim.ElementDescription(key=key, label=label, summary=label) for key, label in choices.items()
                ]
            ),
        )
        self._inventory.change(vm, "runtime.question", question)

    def answer(self, vm: Entity, questionId: str, answerChoice: str) -> None:  # noqa: N803
        """VirtualMachine.AnswerVM. Raises InvalidState unless this is the machine's question, and a choice."""
        question = vm.read("runtime.question")
        choices = [] if question is None else [each.key for each in question.choice.choiceInfo]
        if question is None or question.id != questionId or answerChoice not in choices:
            raise vim.fault.InvalidState(msg="the machine has not asked this question, or it has no such choice")
        self._inventory.change(vm, "runtime.question", None)

    def create(self, folder: Entity, config: Any, pool: Any, host: Any = None) -> Any:
        """Folder.CreateVM_Task."""
        return self._tasks.begin(
            "CreateVM_Task", "Folder.createVm", folder, lambda: self.add(folder, config.name, pool, host, config)
        )

    def create_folder(self, folder: Entity, name: str) -> Any:
        """Folder.CreateFolder."""
        made = vim.Folder(self._inventory.new_id("group"))
        children = vim.ManagedEntity.Array([])
        types = list(folder.values["childType"])
        self._inventory.add(made, name=name, parent=folder.ref, childEntity=children, childType=types)
        self._inventory.add_to(folder, "childEntity", made)
        return made

    def move(self, folder: Entity, list: Any) -> Any:
        """Folder.MoveIntoFolder_Task."""

        def do() -> None:
            for ref in list:
                entity = self._inventory.find(ref)
                self._inventory.add_to(folder, "childEntity", ref)
                self._inventory.take_from(self._inventory.find(entity.values["parent"]), "childEntity", ref)
                self._inventory.change(entity, "parent", folder.ref)

        return self._tasks.begin("MoveIntoFolder_Task", "Folder.moveInto", folder, do)

    def clone(self, vm: Entity, folder: Any, name: str, spec: Any) -> Any:
        """VirtualMachine.CloneVM_Task."""
        target = self._inventory.find(folder)
        pool = spec.location.pool or vm.values["resourcePool"]
        return self._tasks.begin("CloneVM_Task", "VirtualMachine.clone", vm, lambda: self.add(target, name, pool))

    def add(self, folder: Entity, name: str, pool: Any, host: Any = None, config: Any = None) -> Any:
        """Add a machine that is off, to a folder, a pool and a host of the pool."""
        ref = vim.VirtualMachine(self._inventory.new_id("vm"))
        owner = self._inventory.find(self._inventory.find(pool).values["owner"])
        host = host or owner.values["host"][0]
        values = machine_values(ref, name, folder.ref, pool, self._inventory.find(host), config)
        for holder in self._holders(self._inventory.add(ref, **values)):
            self._inventory.add_to(holder, "vm", ref)
        self._inventory.add_to(folder, "childEntity", ref)
        return ref

    def _holders(self, vm: Entity) -> list[Entity]:
        """The objects that have a machine in their property ``vm``."""
        paths = ("runtime.host", "resourcePool", "datastore", "network")
        return [self._inventory.find(ref) for path in paths for ref in vm.refs(path)]

    def _power(self, name: str) -> Callable[..., Any]:
        operation, allowed, state = POWER[name]

        def begin(vm: Entity, host: Any = None) -> Any:
            self._require_power(vm, allowed, state)

            def do() -> None:
                self._require_power(vm, allowed, state)
                self.set_power(vm, state)

            return self._tasks.begin(name, f"VirtualMachine.{operation}", vm, do)

        return begin

    def _require_power(self, vm: Entity, allowed: frozenset[str], wanted: str) -> None:
        state = vm.read("runtime.powerState")
        if state not in allowed:
            raise vim.fault.InvalidPowerState(requestedState=wanted, existingState=state, msg=f"the machine is {state}")

    def _require_guest(self, vm: Entity) -> None:
        self._require_power(vm, frozenset({ON}), ON)
        if vm.read("guest.toolsRunningStatus") != "guestToolsRunning":
            raise vim.fault.ToolsUnavailable(msg="VMware Tools do not run")


def _with(info: Any, tree: Any) -> Any:
    """A machine's snapshots, with one more below the current one."""
    roots = [tree] if info is None else list(info.rootSnapshotList)
    rest = [] if info is None else list(roots)
    while rest:
        each = rest.pop()
        if each.snapshot == info.currentSnapshot:
            each.childSnapshotList = [*each.childSnapshotList, tree]
        rest.extend(each.childSnapshotList)
    return complete(vim.vm.SnapshotInfo, currentSnapshot=tree.snapshot, rootSnapshotList=roots)
