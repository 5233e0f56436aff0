"""How a watch follows which of the VMs that tasks name are templates, and the calls that this takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hvlib_vsphere.data_objects import Fault, MoRef, Row
from hvlib_vsphere.kinds.task import Tasks
from hvlib_vsphere.watch.feed import PropertyFeed

from hvlib.driver import SessionLost, Upsert
from hvlib.model.query import make_query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource, TaskRecord

SERVER = "8d4d3c1e-0000-4000-8000-000000000001"
TASKS, VMS = "filter-1", "filter-2"


def vm(number: int) -> MoRef:
    return MoRef("VirtualMachine", f"vm-{number}")


def ref(kind: type[Resource], id: str) -> Ref:
    return Ref(SERVER, kind.kind, id)


class Vcenter:
    """A client, a caller and a server in one. Its filters report the updates that a test sets."""

    def __init__(self) -> None:
        self.flags: dict[MoRef, Row] = {}
        self.calls: list[str] = []
        self.updates: list[dict[str, Any]] = []
        self.context = SimpleNamespace(ref=ref, timeout=lambda: 20.0)
        self.login = SimpleNamespace(name="login", server_uuid=SERVER, service=lambda name: MoRef("Service", name))
        self.connections = SimpleNamespace(address="", apart=lambda address: SimpleNamespace(close=lambda: None))
        self._filters = 0

    def caller(self, *_: object) -> Vcenter:
        return self

    def within(self, _: float) -> Vcenter:
        return self

    def call(self, method: str, this: MoRef, arguments: str = "", **options: Any) -> Any:
        self.calls.append(method)
        answers: Mapping[str, Callable[[], Any]] = {
            "CreatePropertyCollector": lambda: MoRef("PropertyCollector", "collector"),
            "CreateFilter": self._filter,
            "WaitForUpdatesEx": lambda: self.updates.pop(0) if self.updates else None,
            "RetrievePropertiesEx": lambda: [options["take"](r) for r in self.flags.values() if r.ref.id in arguments],
        }
        return answers.get(method, lambda: None)()

    def _filter(self) -> MoRef:
        self._filters += 1
        return MoRef("PropertyFilter", f"filter-{self._filters}")

    def set_template(self, machine: MoRef, template: bool) -> None:
        self.flags[machine] = Row(machine, {"summary.config.template": template}, {})


class Watched:
    """A watch of tasks."""

    def __init__(self, vcenter: Vcenter) -> None:
        self.vcenter = vcenter
        client: Any = vcenter
        tasks = Tasks(client)
        query = make_query(TaskRecord, tasks.fields, fields=["target"])
        self.feed = PropertyFeed(client, {TaskRecord: tasks}, [query])

    def targets_after(self, filter: str, *objects: Mapping[str, Any]) -> dict[str, str | None]:
        """The targets of the tasks that change with this update, by the tasks' identifiers."""
        filter_set = {"filter": MoRef("PropertyFilter", filter), "objectSet": objects}
        self.vcenter.updates.append({"version": "1", "filterSet": filter_set})
        self.vcenter.calls.clear()
        records = [change.record for change in self.feed.next(1.0).changes if isinstance(change, Upsert)]
        targets: dict[str, Ref | None] = {record.ref.id: record.target for record in records}  # type: ignore[attr-defined]
        return {task: target and f"{target.kind} {target.id}" for task, target in targets.items()}

    def calls_of_last_update(self) -> Sequence[str]:
        """The calls that the last update took besides the wait."""
        return [call for call in self.vcenter.calls if call != "WaitForUpdatesEx"]


@pytest.fixture
def vcenter() -> Vcenter:
    return Vcenter()


@pytest.fixture
def watched(vcenter: Vcenter) -> Watched:
    return Watched(vcenter)


def task(number: int, entity: MoRef) -> dict[str, Any]:
    change = {"name": "info.entity", "op": "assign", "val": entity}
    return {"kind": "enter", "obj": MoRef("Task", f"task-{number}"), "changeSet": change}


def gone(obj: MoRef) -> dict[str, Any]:
    return {"kind": "leave", "obj": obj}


def flag(machine: MoRef, value: object, kind: str = "modify") -> dict[str, Any]:
    return {
        "kind": kind,
        "obj": machine,
        "changeSet": {"name": "summary.config.template", "op": "assign", "val": value},
    }


def test_the_vms_of_a_set_are_read_in_one_call(watched: Watched, vcenter: Vcenter) -> None:
    vcenter.set_template(vm(1), True)
    vcenter.set_template(vm(2), False)
    targets = watched.targets_after(TASKS, task(1, vm(1)), task(2, vm(2)), task(3, MoRef("HostSystem", "host-1")))

    assert targets == {"task-1": "Image vm-1", "task-2": "VM vm-2", "task-3": "Host host-1"}
    assert watched.calls_of_last_update() == ["CreateFilter", "RetrievePropertiesEx"]


def test_no_call_if_no_vm_is_named(watched: Watched) -> None:
    assert watched.targets_after(TASKS, task(1, MoRef("Datacenter", "datacenter-1"))) == {"task-1": None}
    assert watched.calls_of_last_update() == []


def test_a_vm_that_does_not_exist_or_may_not_be_read_stays_named(watched: Watched, vcenter: Vcenter) -> None:
    vcenter.flags[vm(2)] = Row(vm(2), {}, {"summary.config.template": Fault("NoPermission", "", {})})

    assert watched.targets_after(TASKS, task(1, vm(1)), task(2, vm(2))) == {"task-1": "VM vm-1", "task-2": "VM vm-2"}


def test_a_lost_session_is_no_vm(watched: Watched, vcenter: Vcenter) -> None:
    vcenter.flags[vm(1)] = Row(vm(1), {}, {"summary.config.template": Fault("NotAuthenticated", "", {})})

    with pytest.raises(SessionLost):
        watched.targets_after(TASKS, task(1, vm(1)))


def test_each_task_that_names_a_vm_changes_with_it(watched: Watched, vcenter: Vcenter) -> None:
    watched.targets_after(TASKS, task(1, vm(1)), task(2, vm(2)), task(3, vm(1)))

    assert watched.targets_after(VMS, flag(vm(1), True)) == {"task-1": "Image vm-1", "task-3": "Image vm-1"}
    assert watched.targets_after(VMS, flag(vm(1), "false")) == {"task-1": "VM vm-1", "task-3": "VM vm-1"}
    assert watched.calls_of_last_update() == []


def test_a_known_flag_is_no_change(watched: Watched, vcenter: Vcenter) -> None:
    """A new filter first reports the values of all its objects."""
    vcenter.set_template(vm(2), True)
    watched.targets_after(TASKS, task(1, vm(1)), task(2, vm(2)))

    assert watched.targets_after(VMS, flag(vm(1), False, "enter"), flag(vm(2), True, "enter")) == {}


def test_a_template_that_is_deleted_is_named_as_in_a_listing(watched: Watched, vcenter: Vcenter) -> None:
    """A listing can't find out any more that it was a template."""
    vcenter.set_template(vm(1), True)
    watched.targets_after(TASKS, task(1, vm(1)))

    assert watched.targets_after(VMS, gone(vm(1))) == {"task-1": "VM vm-1"}


def test_a_vm_that_was_not_followed_for_a_while_is_read_again(watched: Watched, vcenter: Vcenter) -> None:
    """The server drops its last task, the VM becomes a template, and a new task names it."""
    assert watched.targets_after(TASKS, task(1, vm(1))) == {"task-1": "VM vm-1"}
    assert watched.targets_after(TASKS, gone(MoRef("Task", "task-1")), task(2, vm(2))) == {"task-2": "VM vm-2"}
    assert watched.calls_of_last_update() == ["CreateFilter", "DestroyPropertyFilter", "RetrievePropertiesEx"]
    vcenter.set_template(vm(1), True)

    assert watched.targets_after(TASKS, task(3, vm(1))) == {"task-3": "Image vm-1"}


def test_updates_of_a_replaced_filter_are_ignored(watched: Watched, vcenter: Vcenter) -> None:
    watched.targets_after(TASKS, task(1, vm(1)))
    watched.targets_after(TASKS, task(2, vm(2)))

    assert watched.targets_after(VMS, gone(vm(1)), flag(vm(1), True)) == {}
    assert watched.targets_after("filter-3", flag(vm(1), True)) == {"task-1": "Image vm-1"}


def test_a_task_that_goes_with_its_vms_flag_is_gone(watched: Watched, vcenter: Vcenter) -> None:
    watched.targets_after(TASKS, task(1, vm(1)))
    update = [
        {"filter": MoRef("PropertyFilter", VMS), "objectSet": flag(vm(1), True)},
        {"filter": MoRef("PropertyFilter", TASKS), "objectSet": gone(MoRef("Task", "task-1"))},
    ]
    vcenter.updates.append({"version": "1", "filterSet": tuple(update)})

    assert [type(change).__name__ for change in watched.feed.next(1.0).changes] == ["Gone"]
