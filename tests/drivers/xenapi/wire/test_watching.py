"""Watches: changes of joined objects, deletions that the server drops, and sessions and masters that are lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from drivers.xenapi.wire.following import SOON, events_until, has, synced
from drivers.xenapi.wire.listening import listening
from servers.faulty_fault import FreezeAfter
from servers.faulty_proxy import FaultyProxy, json_method, named
from servers.xapi import Xapi

import hvlib
from hvlib.runtime.watch import feed_keeper


@pytest.fixture
def watch(provider: hvlib.Provider) -> Iterator[hvlib.Watch[hvlib.VM]]:
    """A watch that is up to date."""
    with provider.compute.vms.watch() as watch:
        synced(watch)
        yield watch


def a_vm(provider: hvlib.Provider, state: str = "running") -> hvlib.VM:
    vm = provider.compute.vms.get_all(power_state=state).first()
    assert vm is not None
    return vm


def test_the_guests_report(xapi: Xapi, provider: hvlib.Provider, watch: hvlib.Watch[hvlib.VM]) -> None:
    vm = a_vm(provider)
    guest = xapi.call("VM.get_record", vm.ref.id)["guest_metrics"]
    xapi.write("VM_guest_metrics", guest, networks={"0/ip": "10.9.9.9"}, os_version={"name": "OpenBSD"})
    event = events_until(watch, has(vm.ref, ip_addresses=("10.9.9.9",), guest_os="OpenBSD"))[-1]
    assert event.changed == {"ip_addresses", "guest_os"}


def test_a_network_card_and_a_disk(provider: hvlib.Provider, watch: hvlib.Watch[hvlib.VM]) -> None:
    vm = a_vm(provider)
    [network] = provider.network.networks.get_by_name_label("Isolated")
    volume = provider.storage.volumes.create("data", 2**30).wait(timeout=SOON)
    vm.attach_network(network).wait(timeout=SOON)
    events_until(watch, has(vm.ref, networks=(*vm.networks, network.ref)))
    vm.attach_volume(volume).wait(timeout=SOON)
    events_until(watch, has(vm.ref, volumes=(*vm.volumes, volume.ref)))
    vm.detach_volume(volume).wait(timeout=SOON)
    events_until(watch, has(vm.ref, volumes=vm.volumes))


def test_many_changes_are_one_event(xapi: Xapi, provider: hvlib.Provider, watch: hvlib.Watch[hvlib.VM]) -> None:
    """Changes within the server's pause are one event, with the last state."""
    vm = a_vm(provider)
    for number in range(200):
        xapi.call("VM.set_name_label", vm.ref.id, f"name {number}")
    assert len(events_until(watch, has(vm.ref, name_label="name 199"))) < 100


def test_a_deletion_that_the_server_dropped(xapi: Xapi, provider: hvlib.Provider, watch: hvlib.Watch[hvlib.VM]) -> None:
    """The watch reports it all the same: the server's count of objects reveals it."""
    gone, other = a_vm(provider, "halted"), a_vm(provider)
    cursor = watch.cursor
    known = provider.compute.vms.get_all_records()
    assert cursor is not None
    xapi.add_fault("drop_reply", "event.from", times=1)
    xapi.call("VM.destroy", gone.ref.id)
    xapi.forget_deletions()
    xapi.call("VM.set_name_label", other.ref.id, "renamed")
    events = events_until(watch, lambda event: event.type == "DELETED")
    assert events[-1].ref == gone.ref
    with pytest.raises(hvlib.CursorLost), provider.compute.vms.watch(since=cursor) as resumed:
        synced(resumed)
    with provider.compute.vms.watch(known=known) as compared:
        types = {event.ref: event.type for event in synced(compared)}
    assert types == {gone.ref: "DELETED", other.ref: "MODIFIED"}


@pytest.mark.parametrize("fields", [["name_label"], None])
def test_a_deletion_of_an_uncounted_object_hides_no_other(
    xapi: Xapi, provider: hvlib.Provider, fields: list[str] | None
) -> None:
    """An object that comes and goes between two calls may come as a deletion, which must not make up for a lost one."""
    gone, other = a_vm(provider, "halted"), a_vm(provider)
    template = provider.image.images.get_all().all()[0].ref.id
    with provider.compute.vms.watch(fields=fields) as watch:
        synced(watch)
        cursor = watch.cursor
    passing = xapi.call("VM.clone", template, "passing")
    xapi.call("VM.destroy", gone.ref.id)
    xapi.forget_deletions()
    xapi.call("VM.set_name_label", other.ref.id, "renamed")
    xapi.call("VM.destroy", passing)
    with pytest.raises(hvlib.CursorLost), provider.compute.vms.watch(fields=fields, since=cursor) as resumed:
        synced(resumed)


@pytest.mark.parametrize("fields", [["name_label"], None])
def test_a_cursor_survives_short_lived_objects(xapi: Xapi, provider: hvlib.Provider, fields: list[str] | None) -> None:
    """The cursor stays valid. Only the last changes, and deletions of short-lived objects, may come twice."""
    other = a_vm(provider)
    template = provider.image.images.get_all().all()[0].ref.id
    with provider.compute.vms.watch(fields=fields) as watch:
        synced(watch)
        for number in range(3):
            passing = xapi.call("VM.clone", template, "passing")
            xapi.call("VM.set_name_label", other.ref.id, f"name {number}")
            xapi.call("VM.destroy", passing)
            events_until(watch, has(other.ref, name_label=f"name {number}"))
        cursor = watch.cursor
    xapi.call("VM.set_name_label", other.ref.id, "renamed")
    with provider.compute.vms.watch(fields=fields, since=cursor) as resumed:
        events = synced(resumed)
    assert [(event.type, event.ref) for event in events if event.type != "DELETED"] == [("MODIFIED", other.ref)]
    assert {event.ref for event in events if event.type == "DELETED"}.isdisjoint(provider.compute.vms.get_all_records())


def test_a_cursor_of_another_pool(watch: hvlib.Watch[hvlib.VM]) -> None:
    with Xapi(vms=3) as other, hvlib.connect(other.url, password=other.password) as elsewhere:
        for cursor in (watch.cursor, "nonsense"):
            with pytest.raises(hvlib.CursorLost), elsewhere.compute.vms.watch(since=cursor) as resumed:
                synced(resumed)


def test_a_cursor_is_good_in_another_session(xapi: Xapi, provider: hvlib.Provider) -> None:
    with provider.compute.vms.watch() as first:
        synced(first)
        cursor = first.cursor
    gone, renamed = a_vm(provider, "halted"), a_vm(provider)
    xapi.call("VM.destroy", gone.ref.id)
    xapi.call("VM.set_name_label", renamed.ref.id, "renamed")
    with (
        hvlib.connect(xapi.url, password=xapi.password) as later,
        later.compute.vms.watch(since=cursor) as resumed,
    ):
        assert {(event.type, event.ref.id) for event in synced(resumed)} == {
            ("DELETED", gone.ref.id),
            ("MODIFIED", renamed.ref.id),
        }


@pytest.mark.parametrize("loss", ["session", "toolstack", "master"])
def test_losses_during_a_wait(xapi: Xapi, provider: hvlib.Provider, watch: hvlib.Watch[hvlib.VM], loss: str) -> None:
    """The stream continues with only the difference."""
    vm, gone = a_vm(provider), a_vm(provider, "halted")
    waits = xapi.calls()["event.from"]

    def lose() -> None:
        until = time.monotonic() + SOON
        while xapi.calls()["event.from"] == waits and time.monotonic() < until:
            pass  # The watch does not wait yet.
        LOSSES[loss](xapi)
        xapi.call("VM.destroy", gone.ref.id)
        xapi.call("VM.set_name_label", vm.ref.id, "renamed")

    events: list[hvlib.Event[hvlib.VM]] = []
    with ThreadPoolExecutor(1) as other:
        done = other.submit(lose)
        while not {vm.ref, gone.ref} <= {event.ref for event in events}:
            event = watch.next(timeout=SOON)
            assert event is not None
            events += [event] if event.type != "SYNCED" else []
        done.result()
    assert [(event.type, event.ref) for event in events if event.ref == gone.ref] == [("DELETED", gone.ref)]
    assert {(event.type, event.ref) for event in events} == {("MODIFIED", vm.ref), ("DELETED", gone.ref)}
    assert all(event.changed == {"name_label"} for event in events if event.type == "MODIFIED")


LOSSES: dict[str, Callable[[Xapi], None]] = {
    "session": Xapi.expire_sessions,
    "toolstack": Xapi.restart_toolstack,
    "master": lambda xapi: xapi.set_master(xapi.addresses[1]),
}


def test_a_frozen_server_is_noticed_without_a_timeout(xapi: Xapi, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait without a timeout takes many calls, each of which has a time limit."""
    monkeypatch.setattr(feed_keeper, "HEARTBEAT", 0.5)
    with (
        FaultyProxy(("127.0.0.1", xapi.port), named_by=json_method) as proxy,
        hvlib.connect(f"xenapi+http://{xapi.user}@127.0.0.1:{proxy.port}", password=xapi.password) as provider,
        provider.compute.vms.watch() as watch,
        ThreadPoolExecutor(1) as other,
    ):
        synced(watch)
        vm = a_vm(provider)
        frozen = proxy.next(FreezeAfter(), when=named("event.from"))
        waiting = other.submit(next, watch)
        assert frozen.struck.wait(SOON)
        xapi.call("VM.set_name_label", vm.ref.id, "renamed")
        assert waiting.result(timeout=SOON).resource.name_label == "renamed"


def test_many_tasks_are_followed_by_one_call(xapi: Xapi, provider: hvlib.Provider) -> None:
    xapi.set(task_time=0.5)
    with listening(xapi) as (url, requests), hvlib.connect(url, password=xapi.password) as other:
        vms = other.compute.vms.get_all(power_state="running").all()
        hvlib.wait_all([vm.stop() for vm in vms], timeout=SOON)
    followed = [request["params"][1] for request in requests if request["method"] == "event.from"]
    assert max(sum(text.startswith("task/") for text in each) for each in followed) == len(vms)
    assert {vm.power_state for vm in provider.compute.vms.get_all()}.isdisjoint({"running"})


def test_progress_and_cancellation(xapi: Xapi, provider: hvlib.Provider) -> None:
    xapi.set(task_time=1.0)
    seen: list[float] = []
    a_vm(provider, "halted").start().wait(timeout=SOON, on_progress=seen.append)
    assert seen == sorted(seen)
    assert any(0 < progress < 1 for progress in seen)
    xapi.set(task_time=30.0)
    vm = a_vm(provider)
    task = vm.snapshot("never")
    with pytest.raises(hvlib.TaskTimeout):
        task.wait(timeout=0.2)
    task.cancel()
    with pytest.raises(hvlib.TaskCancelled):
        task.wait(timeout=SOON)
    assert not provider.compute.snapshots.get_all(vm=vm.ref).all()


@pytest.mark.parametrize("fields", [["name_label"], None])
def test_a_master_with_an_older_database(xapi: Xapi, provider: hvlib.Provider, fields: list[str] | None) -> None:
    """Its changes have numbers that the cursor has passed already: a cursor from before the change is lost."""
    vm, late = a_vm(provider), a_vm(provider, "halted")
    xapi.back_up()
    for number in range(20):
        xapi.call("VM.set_name_label", late.ref.id, f"lost {number}")
    with provider.compute.vms.watch(fields=fields) as watch:
        synced(watch)
        xapi.call("VM.set_name_label", late.ref.id, "lost")
        events_until(watch, has(late.ref, name_label="lost"))
        cursor = watch.cursor
        xapi.set_master(xapi.addresses[1])
        xapi.call("VM.set_name_label", vm.ref.id, "renamed")
        events = []
        while not {vm.ref, late.ref} <= {event.ref for event in events}:
            event = watch.next(timeout=SOON)
            assert event is not None
            events.append(event)
        names = {event.ref: event.resource.name_label for event in events if event.resource is not None}
        assert (names[vm.ref], names[late.ref]) == ("renamed", late.name_label)
    with pytest.raises(hvlib.CursorLost), provider.compute.vms.watch(fields=fields, since=cursor) as resumed:
        synced(resumed)


@pytest.mark.parametrize("loss", ["toolstack", "master"])
def test_a_cursor_is_of_one_database(xapi: Xapi, provider: hvlib.Provider, loss: str) -> None:
    """Nothing shows whether the new master's database is as recent."""
    with provider.compute.vms.watch() as watch:
        synced(watch)
        cursor = watch.cursor
    LOSSES[loss](xapi)
    with pytest.raises(hvlib.CursorLost), provider.compute.vms.watch(since=cursor) as resumed:
        synced(resumed)
