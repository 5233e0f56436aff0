"""The change log and its feeds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from hvlib_sim.lab import lifecycle
from hvlib_sim.lab.lab import Lab
from hvlib_sim.lab.memory_store import MemoryStore
from hvlib_sim.lab.settings import Settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hvlib import actions
from hvlib.driver import Batch, Gone, SessionLost, Upsert
from hvlib.errors import Closed, ConnectionFailed, CursorLost, InvalidState, NotFound
from hvlib.model.ref import Ref
from hvlib.model.resources import KINDS, VM, Host, Image, Resource, Snapshot, TaskRecord, Volume


def snapshot(feed: Any) -> tuple[dict[Ref, Resource], Batch]:
    """The records of the snapshot's batches, and its last batch."""
    records: dict[Ref, Resource] = {}
    while True:
        batch = feed.next(5)
        for change in batch.changes:
            if isinstance(change, Gone):
                records.pop(change.ref, None)
            else:
                records[change.record.ref] = change.record
        if batch.synced:
            return records, batch


def apply(records: dict[Ref, Resource], batch: Batch) -> None:
    for change in batch.changes:
        if isinstance(change, Gone):
            assert records.pop(change.ref)
        elif isinstance(change, Upsert):
            assert change.created == (change.record.ref not in records)
            records[change.record.ref] = change.record


def test_snapshot_in_batches(site: Any) -> None:
    feed = site.caller.feed([VM, Host], page_size=6)
    batches = [feed.next(5) for _ in range(5)]
    assert [len(batch.changes) for batch in batches] == [6, 6, 6, 2, 4]
    assert [batch.more for batch in batches] == [True] * 4 + [False]
    assert [batch.synced for batch in batches] == [False] * 4 + [True]
    assert [batch.cursor is None for batch in batches] == [True] * 4 + [False]
    assert site.caller.calls == ["Login", "Subscribe"] + ["Changes"] * 5
    last = feed.next(0)
    assert (last.changes, last.cursor, last.synced) == ([], batches[-1].cursor, False)


def test_snapshot_of_nothing(make_site: Any) -> None:
    feed = make_site(vms=0).caller.feed([VM])
    batch = feed.next(5)
    assert (batch.changes, batch.synced) == ([], True)


def test_nothing_is_lost_between_snapshot_and_changes(site: Any) -> None:
    caller = site.caller
    feed = caller.feed([VM], page_size=5)
    halted = caller.all(VM, filters={"power_state": "halted"})
    assert halted[0].ref in {change.record.ref for change in feed.next(5).changes}
    for gone in (halted[0], halted[-1]):
        site.do(VM, gone.ref, actions.Delete())
    created = site.do(VM, None, actions.CreateVM("new", image=caller.all(Image)[0].ref)).result
    caller.submit(VM, halted[1].ref, actions.Rename("other"))
    before = caller.calls.count("Changes")
    records, batch = snapshot(feed)
    assert caller.calls.count("Changes") - before == 3
    assert Gone(halted[0].ref) in batch.changes
    assert records.items() <= {vm.ref: vm for vm in caller.all(VM)}.items()
    assert created in records
    assert not feed.next(0).changes
    assert not caller.feed([VM], batch.cursor).next(0).changes


def test_changes_are_coalesced(site: Any) -> None:
    caller = site.caller
    feed = caller.feed([VM, Volume])
    snapshot(feed)
    one, two = caller.all(VM, filters={"power_state": "halted"})[:2]
    for name in ("a", "b", "c"):
        caller.submit(VM, one.ref, actions.Rename(name))
    caller.submit(VM, two.ref, actions.Rename("gone"))
    site.do(VM, two.ref, actions.Delete(keep_volumes=two.volumes))
    passing = site.do(Volume, None, actions.CreateVolume("passing", 1)).result
    site.do(Volume, passing, actions.Delete())
    staying = site.do(Volume, None, actions.CreateVolume("staying", 1)).result
    changes = feed.next(5).changes
    by_ref = {getattr(change, "ref", None) or change.record.ref: change for change in changes}
    assert len(by_ref) == len(changes)
    assert by_ref.keys() == {one.ref, two.ref, staying, *two.volumes}
    assert by_ref[one.ref].record.name_label == "c"
    assert by_ref[two.ref] == Gone(two.ref)
    assert [change.created for change in (by_ref[one.ref], by_ref[staying])] == [False, True]


def test_a_feed_brings_the_refs_and_fields_of_its_queries(site: Any) -> None:
    caller = site.caller
    one, two, three = caller.all(VM)[:3]
    feed = caller.feed([VM], refs=[one.ref, two.ref], fields=["name_label"])
    records, _ = snapshot(feed)
    assert records.keys() == {one.ref, two.ref}
    assert records[one.ref].loaded == {"name_label"}
    caller.submit(VM, three.ref, actions.Rename("unseen"))
    assert not feed.next(0).changes
    caller.submit(VM, two.ref, actions.Rename("seen"))
    assert [change.record.name_label for change in feed.next(0).changes] == ["seen"]


def test_a_cursor_continues_in_another_session(site: Any, connect: Any) -> None:
    records, batch = snapshot(site.caller.feed([VM]))
    site.caller.session.close()
    other = connect(site.lab)
    vm = other.all(VM)[0]
    other.submit(VM, vm.ref, actions.Rename("other"))
    feed = other.feed([VM], batch.cursor)
    batch = feed.next(5)
    assert batch.synced
    apply(records, batch)
    assert records == {vm.ref: vm for vm in other.all(VM)}
    again = other.feed([VM], batch.cursor).next(5)
    assert (again.changes, again.synced, again.cursor) == ([], True, batch.cursor)


def test_lost_cursors(make_site: Any) -> None:
    site, twin = make_site(log_length=5), make_site()
    _, batch = snapshot(site.caller.feed([VM]))
    ref = site.caller.all(VM)[0].ref
    assert batch.cursor is not None
    for text in ("", "x", f"{batch.cursor}0", batch.cursor.swapcase()):
        with pytest.raises(CursorLost):
            site.caller.feed([VM], text)
    with pytest.raises(CursorLost):
        twin.caller.feed([VM], batch.cursor)
    for number in range(5):
        site.caller.submit(VM, ref, actions.Rename(str(number)))
    waiting = site.caller.feed([VM], batch.cursor)
    site.caller.submit(VM, ref, actions.Rename("one too many"))
    with pytest.raises(CursorLost):
        waiting.next(0)
    with pytest.raises(CursorLost):
        site.caller.feed([VM], batch.cursor)


def test_an_idle_watch_keeps_its_place_while_other_kinds_change(make_site: Any) -> None:
    site = make_site(log_length=5)
    feed = site.caller.feed([Volume])
    cursor = snapshot(feed)[1].cursor
    ref = site.caller.all(VM)[0].ref
    for number in range(20):
        site.caller.submit(VM, ref, actions.Rename(str(number)))
        batch = feed.next(0)
        assert batch.changes == []
        assert batch.cursor != cursor
        cursor = batch.cursor


def test_a_lost_log(site: Any) -> None:
    feed = site.caller.feed([VM])
    _, batch = snapshot(feed)
    site.lab.forget_changes()
    with pytest.raises(CursorLost):
        feed.next(0)
    with pytest.raises(CursorLost):
        site.caller.feed([VM], batch.cursor)


def in_thread(call: Callable[[], Any], act: Callable[[], Any]) -> Any:
    """The result of a waiting call, which ``act`` ends."""
    started = threading.Event()

    def run() -> Any:
        started.set()
        return call()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(run)
        assert started.wait(5)
        act()
        return waiting.result(timeout=5)


def test_a_change_ends_the_wait(connect: Any) -> None:
    lab = Lab(MemoryStore(Settings(task_time=0.05)))
    caller, other = connect(lab), connect(lab)
    feed = caller.feed([VM])
    snapshot(feed)
    vm = other.all(VM, filters={"power_state": "halted"})[0]
    batch = in_thread(lambda: feed.next(60), lambda: other.submit(VM, vm.ref, actions.Start()))
    assert [(change.record.ref, change.record.power_state) for change in batch.changes] == [(vm.ref, "running")]


def test_a_due_event_ends_the_wait(connect: Any) -> None:
    caller = connect(Lab(MemoryStore(Settings(task_time=0.05))))
    feed = caller.feed([VM])
    snapshot(feed)
    vm = caller.all(VM, filters={"power_state": "running"})[0]
    caller.submit(VM, vm.ref, actions.Shutdown())
    assert [change.record.power_state for change in feed.next(60).changes] == ["halted"]


@pytest.mark.parametrize("latency", [0.0, 30.0])
def test_interrupt_ends_the_wait(connect: Any, latency: float) -> None:
    caller = connect("sim://", login=False, options={"latency": 0})
    caller.session.login()
    feed = caller.feed([VM])
    snapshot(feed)
    caller.session._latency = latency
    assert not in_thread(lambda: feed.next(60), feed.interrupt).changes


def test_an_interrupt_before_the_wait_is_not_lost(site: Any) -> None:
    feed = site.caller.feed([VM])
    snapshot(feed)
    feed.interrupt()
    assert feed.next(60) == Batch()


def test_expired_sessions_end_the_wait(site: Any) -> None:
    feed = site.caller.feed([VM])
    snapshot(feed)

    def wait() -> None:
        with pytest.raises(SessionLost):
            feed.next(60)

    in_thread(wait, site.lab.expire_sessions)
    site.caller.session.login()
    with pytest.raises(SessionLost):
        feed.next(60)


def test_broken_connections_end_the_wait(site: Any) -> None:
    feed = site.caller.feed([VM])
    _, batch = snapshot(feed)

    def wait() -> None:
        with pytest.raises(ConnectionFailed):
            feed.next(60)

    requests = site.lab.requests["Changes"]

    def cut() -> None:
        deadline = time.monotonic() + 5
        while site.lab.requests["Changes"] == requests:
            assert time.monotonic() < deadline
        site.lab.cut_connections()

    in_thread(wait, cut)
    assert not site.caller.feed([VM], batch.cursor).next(0).changes
    assert len(site.caller.all(VM)) == 20


def test_a_snapshot_ends_with_its_session(site: Any) -> None:
    feed = site.caller.feed([VM], page_size=5)
    feed.next(5)
    site.lab.expire_sessions()
    site.caller.session.login()
    with pytest.raises(SessionLost):
        feed.next(5)


def test_closing_ends_the_wait(site: Any) -> None:
    feed = site.caller.feed([VM])
    snapshot(feed)

    def wait() -> None:
        with pytest.raises(Closed):
            feed.next(60)

    in_thread(wait, site.caller.session.close)
    feed.close()
    with pytest.raises(Closed):
        feed.next(60)


OPERATIONS = st.tuples(
    st.sampled_from(
        [
            actions.Start(),
            actions.Stop(),
            actions.Shutdown(),
            actions.Suspend(),
            actions.Pause(),
            actions.Rename("renamed"),
            actions.SetTags(("tagged",)),
            actions.TakeSnapshot("snapshot", memory=True),
            actions.Clone("clone"),
            actions.Migrate(),
            actions.Delete(),
            actions.Resize(vcpus=5),
            "delete-snapshot",
            "revert",
            "create",
            "cancel",
            "look",
        ]
    ),
    st.integers(0, 5),
    st.sampled_from([0.0, 0.1, 1.0]),
)


def operate(site: Any, operation: Any, index: int) -> None:
    caller = site.caller
    vms, snapshots, tasks = caller.all(VM), caller.all(Snapshot), caller.all(TaskRecord)
    if operation == "create":
        new = actions.CreateVM("new", image=caller.all(Image)[0].ref)
        caller.session.adapters[VM].run(lifecycle.create_vm, None, new)
    elif operation == actions.Delete() and vms:
        caller.session.adapters[VM].run(lifecycle.delete_vm, vms[index % len(vms)].ref, operation)
    elif operation == "delete-snapshot" and snapshots:
        caller.submit(Snapshot, snapshots[index % len(snapshots)].ref, actions.Delete())
    elif operation == "revert" and snapshots:
        chosen = snapshots[index % len(snapshots)]
        caller.submit(VM, chosen.vm, actions.Revert(chosen.ref))
    elif operation == "cancel" and tasks:
        caller.submit(TaskRecord, tasks[index % len(tasks)].ref, actions.Cancel())
    elif isinstance(operation, actions.Action) and vms:
        caller.submit(VM, vms[index % len(vms)].ref, operation)


@given(st.lists(OPERATIONS, max_size=25), st.integers(1, 5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mirror_equals_a_fresh_listing(make_site: Any, operations: Any, vms: int) -> None:
    site = make_site(vms=vms, hosts=2)
    kinds = list(KINDS.values())
    feed = site.caller.feed(kinds, page_size=3)
    records, _ = snapshot(feed)
    for operation, index, pause in operations:
        with suppress(InvalidState, NotFound):
            operate(site, operation, index)
        site.sleep(pause)
        if operation == "look":
            apply(records, feed.next(0))
    apply(records, feed.next(0))
    assert records == {record.ref: record for kind in kinds for record in site.caller.all(kind)}
    site.sleep(30)
    assert {task.state for task in site.caller.all(TaskRecord)} <= {"succeeded", "failed", "cancelled"}
    for host in site.caller.all(Host):
        mine = [vm for vm in site.caller.all(VM, filters={"host": host.ref}) if vm.power_state in ("running", "paused")]
        assert host.memory_free_bytes == host.memory_bytes - sum(vm.memory_bytes for vm in mine)
