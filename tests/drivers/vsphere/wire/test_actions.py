from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hvlib_vsphere.session import VSphereSession
from scripted.context import UUID, RecordingContext
from servers.vcsim import Vcsim

from hvlib import actions
from hvlib.actions import Action
from hvlib.driver import Done, Feed, Reached, Started, Upsert
from hvlib.errors import InvalidQuery, InvalidState, NotFound
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, TaskRecord

from .conftest import Administrator, batches, query


@pytest.fixture
def vm(admin: Administrator) -> Iterator[Any]:
    """A halted VM for one test."""
    made = admin.clone(admin.halted(), "acted-on")
    yield made
    admin.remove(made)


def run(session: VSphereSession, vm: Any, action: Action) -> TaskRecord | Done | Reached:
    """Run an action. Returns its task after the end of the task, or its outcome if there is no task."""
    outcome = session.adapters[VM].submit(Ref(UUID, "VM", vm._moId), action)
    if not isinstance(outcome, Started):
        return outcome
    feed = session.feed([query(session, TaskRecord, refs=[outcome.task])], None)
    try:
        return ended(feed)
    finally:
        feed.close()


def ended(feed: Feed) -> TaskRecord:
    records: list[TaskRecord] = []

    def done(so_far: Any) -> bool:
        records.extend(change.record for batch in so_far[-1:] for change in batch.changes if isinstance(change, Upsert))
        return bool(records) and records[-1].state not in ("queued", "running")

    batches(feed, done)
    return records[-1]


def state(session: VSphereSession, vm: Any) -> str:
    [record] = session.adapters[VM].get([Ref(UUID, "VM", vm._moId)], query(session, VM))
    return str(record.power_state)


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        ([actions.Start()], "running"),
        ([actions.Start(), actions.Stop()], "halted"),
        ([actions.Start(), actions.Reboot(hard=True)], "running"),
        ([actions.Start(), actions.Suspend()], "suspended"),
        ([actions.Start(), actions.Suspend(), actions.Resume()], "running"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(step.name for step in value),
)
def test_power(session: VSphereSession, vm: Any, steps: list[Action], outcome: str) -> None:
    for step in steps:
        record = run(session, vm, step)
        assert isinstance(record, TaskRecord)
        assert (record.state, record.error) == ("succeeded", None)
        assert record.target == Ref(UUID, "VM", vm._moId)

    assert state(session, vm) == outcome


def test_an_action_that_the_state_does_not_allow_fails_the_task(session: VSphereSession, vm: Any) -> None:
    record = run(session, vm, actions.Stop())

    assert isinstance(record, TaskRecord)
    assert record.state == "failed"
    assert record.error is not None
    assert record.error.error == "InvalidState"
    assert record.error.native["type"] == "InvalidPowerState"


def test_an_empty_name_is_not_sent(session: VSphereSession, vm: Any, context: RecordingContext) -> None:
    context.calls.clear()
    with pytest.raises(InvalidQuery):
        session.adapters[VM].submit(Ref(UUID, "VM", vm._moId), actions.Rename(""))
    assert not context.calls


def test_requests_to_the_guest(session: VSphereSession, admin: Administrator) -> None:
    vm = next(vm for vm in admin.vms() if admin.leaf(vm, "runtime.powerState") == "poweredOn")
    ref = Ref(UUID, "VM", vm._moId)
    assert run(session, vm, actions.Reboot()) == Done(ref)
    assert run(session, vm, actions.Shutdown()) == Reached(
        ref, {"power_state": "halted"}, fails={"power_state": "suspended"}
    )


def test_a_guest_without_tools_gets_no_requests(session: VSphereSession, vm: Any) -> None:
    run(session, vm, actions.Start())
    with pytest.raises(InvalidState):
        run(session, vm, actions.Reboot())


@pytest.mark.parametrize("name", ["plain", "50% of a/b\\c", "<&\"'> é"])
def test_rename(session: VSphereSession, vm: Any, name: str) -> None:
    run(session, vm, actions.Rename(name))

    [found] = session.adapters[VM].lookup("name_label", name, query(session, VM))
    assert found.ref.id == vm._moId


class TestSlowTasks:
    """A server whose tasks take half a second."""

    @pytest.fixture
    def server(self) -> Iterator[Vcsim]:
        with Vcsim(vms=4, hosts=1, task_delay=500) as slow:
            yield slow

    def test_a_cancelled_task(self, session: VSphereSession, admin: Administrator) -> None:
        vm = Ref(UUID, "VM", admin.halted()._moId)
        started = session.adapters[VM].submit(vm, actions.Start())
        assert isinstance(started, Started)
        feed = session.feed([query(session, TaskRecord, refs=[started.task])], None)
        session.adapters[TaskRecord].submit(started.task, actions.Cancel())
        record = ended(feed)
        feed.close()

        assert record.state == "cancelled"
        assert record.error is not None
        assert record.error.error == "TaskCancelled"
        assert state(session, admin.vm(vm.id)) == "halted"


def test_delete_is_no_action_as_it_would_delete_separately_attached_volumes(session: VSphereSession) -> None:
    assert actions.Delete not in session.adapters[VM].actions


def test_a_vm_that_does_not_exist(session: VSphereSession) -> None:
    with pytest.raises(NotFound):
        session.adapters[VM].submit(Ref(UUID, "VM", "vm-0"), actions.Start())


def test_an_ended_task_can_not_be_cancelled(session: VSphereSession, vm: Any) -> None:
    record = run(session, vm, actions.Start())
    assert isinstance(record, TaskRecord)
    with pytest.raises(InvalidState):
        session.adapters[TaskRecord].submit(record.ref, actions.Cancel())
