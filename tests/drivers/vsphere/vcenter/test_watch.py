"""Watches on our own vCenter: what becomes of them when a session, a version or a view is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from servers.vcenter.vcenter import VCenter

import hvlib
from hvlib.model.event import Event, EventType
from hvlib.model.resources import VM

SOON = 20.0
"""The seconds within which an event arrives."""


@pytest.fixture
def watch(provider: hvlib.Provider) -> Iterator[hvlib.Watch[VM]]:
    """A watch of the VMs after its first snapshot, which came in parts."""
    with provider.compute.vms.watch(fields=["name_label", "power_state"]) as opened:
        types = [opened.next(timeout=SOON).type]
        while types[-1] is not EventType.SYNCED:
            types.append(opened.next(timeout=SOON).type)
        assert types == [EventType.ADDED] * 12 + [EventType.SYNCED]
        yield opened


def told(watch: hvlib.Watch[VM], number: int) -> set[tuple[str | None, EventType]]:
    """The next events: each with the identifier of its VM. Events of the watch itself are left out."""
    events: list[Event[VM]] = []
    while len(events) < number:
        event = watch.next(timeout=SOON)
        events += [event] if event.ref is not None else []
    return {(event.ref and event.ref.id, event.type) for event in events}


@pytest.mark.parametrize("lose", ["expire_sessions", "lose_versions", "destroy_views"])
def test_the_watch_goes_on_with_the_difference_alone(
    server: VCenter, watch: hvlib.Watch[VM], provider: hvlib.Provider, lose: str
) -> None:
    """The session ends in mid-wait, the server forgets the version, or an administrator destroys the view."""
    vm, *_ = provider.compute.vms.get_all(fields=["name_label"]).all()
    getattr(server, lose)()
    made = server.create_vm("made meanwhile")
    server.change(vm.ref.id, "name", "renamed meanwhile")
    assert told(watch, 2) == {(made, EventType.ADDED), (vm.ref.id, EventType.MODIFIED)}
    server.remove(made)
    server.change(vm.ref.id, "name", vm.name_label)
    assert told(watch, 2) == {(made, EventType.DELETED), (vm.ref.id, EventType.MODIFIED)}
    assert len(provider.compute.vms.get_all(fields=[]).all()) == 12


def test_a_move_between_folders_is_no_event(server: VCenter, watch: hvlib.Watch[VM], provider: hvlib.Provider) -> None:
    """The VM is still there, and none of its fields has changed."""
    vm = provider.compute.vms.get_all(name_label="vm-00003").one()
    find = provider.native.content.searchIndex.FindByInventoryPath
    find("lab/vm/others").MoveIntoFolder_Task([find("lab/vm/vm-00003")])
    deadline = time.monotonic() + SOON
    while find("lab/vm/others/vm-00003") is None:
        assert time.monotonic() < deadline
    server.set_power(vm.ref.id, "poweredOn")
    assert told(watch, 1) == {(vm.ref.id, EventType.MODIFIED)}
    assert provider.compute.vms.get_all(name_label="vm-00003").one().power_state == "running"


def test_a_vm_that_becomes_a_template_and_a_vm_again(server: VCenter, provider: hvlib.Provider) -> None:
    vm = provider.compute.vms.get_all(name_label="vm-00004").one()
    with provider.watch(provider.compute.vms, provider.image.images) as watch:
        while watch.next(timeout=SOON).type is not EventType.SYNCED:
            pass
        server.set_template(vm.ref.id, True)
        assert [watch.next(timeout=SOON).type for _ in range(2)] == [EventType.DELETED, EventType.ADDED]
        server.set_template(vm.ref.id, False)
        assert [watch.next(timeout=SOON).type for _ in range(2)] == [EventType.DELETED, EventType.ADDED]


def test_a_right_that_is_taken_away_during_a_watch(server: VCenter, watch: hvlib.Watch[VM]) -> None:
    """The watch ends with an error, and does not report values that it can't read."""
    server.deny("vm-2", ["name"])
    server.change("vm-2", "name", "a secret")
    with pytest.raises(hvlib.PermissionDenied):
        watch.next(timeout=SOON)
