from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hvlib_vsphere.driver import VSphereDriver
from hvlib_vsphere.session import VSphereSession
from pyVmomi import vim
from scripted.context import UUID, RecordingContext
from servers.vcsim import Vcsim

from hvlib import actions
from hvlib.driver import Batch, Change, Endpoint, Feed, Gone, Secret, SessionLost, Started, Upsert, WatchCursor
from hvlib.errors import ConnectionFailed, ConnectionTimeout, CursorLost
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Host, Resource, TaskRecord

from .conftest import (
    Administrator,
    batches,
    changes,
    first_page,
    query,
    snapshot,
    upsert_of,
    waiting_in,
)

RECENT_TASKS = 200
"""The length of a vCenter's list of recent tasks."""


@pytest.fixture
def feed(session: VSphereSession) -> Iterator[Feed]:
    opened = session.feed([query(session, VM)], None)
    yield opened
    opened.close()


def gone_of(id: str) -> Callable[[Change], bool]:
    return lambda change: isinstance(change, Gone) and change.ref.id == id


def test_the_snapshot_equals_a_listing(session: VSphereSession, feed: Feed) -> None:
    listed = first_page(session, VM)

    assert snapshot(feed) == {vm.ref: vm for vm in listed}


def test_the_round_trips_of_opening(session: VSphereSession, context: RecordingContext) -> None:
    feed = session.feed([query(session, VM), query(session, Host)], None)
    records = snapshot(feed)
    feed.close()

    assert {ref.kind for ref in records} == {"VM", "Host"}
    assert context.counts == {
        "CreateContainerView": 2,
        "CreatePropertyCollector": 1,
        "CreateFilter": 2,
        "WaitForUpdatesEx": 1,
        "DestroyPropertyCollector": 1,
    }


@pytest.mark.parametrize(("kind", "count"), [(VM, 20), (Host, 4)])
def test_refs_alone(session: VSphereSession, kind: type[Resource], count: int) -> None:
    feed = session.feed([query(session, kind, fields=[])], None)
    records = snapshot(feed)
    feed.close()

    assert len(records) == count


def test_a_renamed_vm_is_reported_as_a_whole(admin: Administrator, feed: Feed, machine: Any) -> None:
    before = next(record for ref, record in snapshot(feed).items() if ref.id == machine._moId)
    admin.finish(machine.Rename_Task("re%2fnamed"))
    change = changes(feed, upsert_of(machine._moId, name_label="re/named"))

    assert isinstance(change, Upsert)
    assert change.record == msgspec.structs.replace(before, name_label="re/named")


def test_power(admin: Administrator, feed: Feed, machine: Any) -> None:
    snapshot(feed)
    admin.finish(machine.PowerOnVM_Task())

    assert changes(feed, upsert_of(machine._moId, power_state="running"))


def test_a_vm_comes_and_goes(admin: Administrator, feed: Feed) -> None:
    snapshot(feed)
    made = admin.clone(admin.halted(), "short-lived")
    assert changes(feed, upsert_of(made._moId, name_label="short-lived"))
    admin.finish(made.Destroy_Task())
    assert changes(feed, gone_of(made._moId))


def test_a_template_is_no_vm_any_more_and_becomes_one_again(admin: Administrator, feed: Feed, machine: Any) -> None:
    snapshot(feed)
    machine.MarkAsTemplate()
    assert changes(feed, gone_of(machine._moId))
    machine.MarkAsVirtualMachine(admin.objects(vim.ResourcePool)[0])
    assert changes(feed, upsert_of(machine._moId))


def test_some_refs_alone(session: VSphereSession, admin: Administrator, machine: Any) -> None:
    wanted = Ref(UUID, "VM", machine._moId)
    missing = Ref(UUID, "VM", "vm-0")
    feed = session.feed([query(session, VM, refs=[wanted, missing])], None)
    received = batches(feed, lambda so_far: any(batch.synced for batch in so_far))
    found = [change for batch in received for change in batch.changes]

    assert [change.record.ref for change in found if isinstance(change, Upsert)] == [wanted]
    assert [change.ref for change in found if isinstance(change, Gone)] == [missing]
    admin.finish(machine.Destroy_Task())
    assert changes(feed, gone_of(machine._moId))
    feed.close()


def test_a_task_is_followed_to_its_end(session: VSphereSession, machine: Any) -> None:
    vm = Ref(UUID, "VM", machine._moId)
    started = session.adapters[VM].submit(vm, actions.Start())
    assert isinstance(started, Started)
    feed = session.feed([query(session, TaskRecord, refs=[started.task])], None)

    assert changes(feed, upsert_of(started.task.id, state="succeeded"))
    feed.close()


def test_a_task_that_is_no_longer_recent_is_gone(session: VSphereSession, admin: Administrator, machine: Any) -> None:
    for number in range(RECENT_TASKS):
        machine.Rename_Task(f"renamed-{number}")
    oldest = admin.content.taskManager.recentTask[0]._moId
    feed = session.feed([query(session, TaskRecord)], None)
    assert oldest in {ref.id for ref in snapshot(feed)}

    machine.Rename_Task("one too many")

    changes(feed, gone_of(oldest))
    feed.close()


def test_a_wait_without_changes(session: VSphereSession, feed: Feed, context: RecordingContext) -> None:
    snapshot(feed)
    context.calls.clear()
    start = time.monotonic()
    batch = feed.next(1.0)

    assert (batch.changes, batch.more, batch.synced) == ((), False, False) or batch == Batch([], cursor=batch.cursor)
    assert 0.9 < time.monotonic() - start < 3
    assert context.counts == {"WaitForUpdatesEx": 1}


def test_a_wait_of_less_than_a_second(feed: Feed) -> None:
    snapshot(feed)
    start = time.monotonic()
    batch = feed.next(0.2)

    assert 0 < batch.poll_after <= 0.2
    assert time.monotonic() - start < 3


def test_a_cursor_can_not_be_continued(session: VSphereSession, feed: Feed) -> None:
    cursor = feed.next(1.0).cursor
    assert cursor
    with pytest.raises(CursorLost) as lost:
        session.feed([query(session, VM)], WatchCursor(cursor))
    assert "known=" in str(lost.value.hint)


def test_an_interrupted_wait_ends_at_once(server: Vcsim, feed: Feed) -> None:
    snapshot(feed)
    waiting = waiting_in(server, feed)
    start = time.monotonic()
    feed.interrupt()

    assert waiting.join(3) == Batch()
    assert time.monotonic() - start < 3


def test_an_interrupt_before_the_wait_is_not_lost(feed: Feed) -> None:
    snapshot(feed)
    feed.interrupt()

    assert feed.next(30.0) == Batch()


def test_a_lost_session_ends_the_wait(server: Vcsim, admin: Administrator, feed: Feed) -> None:
    snapshot(feed)
    admin.expire_sessions()

    with pytest.raises(SessionLost):
        batches(feed, lambda so_far: False)


def test_a_feed_of_a_lost_session_can_not_be_opened(session: VSphereSession, admin: Administrator) -> None:
    first_page(session, VM)
    admin.expire_sessions()
    with pytest.raises(SessionLost):
        session.feed([query(session, VM)], None)


class TestOutages:
    """Tests with a server of their own, which they stop and freeze."""

    @pytest.fixture
    def own(self) -> Iterator[Vcsim]:
        with Vcsim(vms=250, hosts=2) as server:
            yield server

    @pytest.fixture
    def session(self, own: Vcsim, endpoint: Endpoint, context: RecordingContext) -> Iterator[VSphereSession]:
        there = msgspec.structs.replace(endpoint, port=own.port, password=Secret(own.password), cacert=str(own.cacert))
        opened = VSphereDriver().session(there, context)
        opened.login()
        yield opened
        opened.close()

    def test_a_snapshot_in_parts_is_synced_with_the_last(self, session: VSphereSession, feed: Feed) -> None:
        received = batches(feed, lambda so_far: any(batch.synced for batch in so_far))

        assert len(received) > 1
        assert [batch.more for batch in received] == [True] * (len(received) - 1) + [False]
        assert (
            len({change.record.ref for batch in received for change in batch.changes if isinstance(change, Upsert)})
            == 250
        )

    def test_a_stopped_server(self, own: Vcsim, feed: Feed) -> None:
        snapshot(feed)
        waiting = waiting_in(own, feed)
        own.stop()

        assert isinstance(waiting.join(3), ConnectionFailed)

    def test_a_frozen_server_does_not_delay_an_interrupt(self, own: Vcsim, feed: Feed) -> None:
        snapshot(feed)
        waiting = waiting_in(own, feed)
        assert own._process is not None
        pid = own._process.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            start = time.monotonic()
            feed.interrupt()
            assert time.monotonic() - start < 3
            assert waiting.join(3) == Batch()
        finally:
            os.kill(pid, signal.SIGCONT)

    def test_a_frozen_server_does_not_delay_a_short_wait(self, own: Vcsim, feed: Feed) -> None:
        snapshot(feed)
        assert own._process is not None
        pid = own._process.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            start = time.monotonic()
            with pytest.raises(ConnectionTimeout):
                feed.next(1.0)
            assert 2.5 < time.monotonic() - start < 10  # The time-out of a request is 20.
        finally:
            os.kill(pid, signal.SIGCONT)
