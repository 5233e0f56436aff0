"""The watch: all existing objects, then each change, with the record before it; one waiting thread; closing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

import hvlib
from hvlib.conformance.acting import GIB, PATIENCE
from hvlib.conformance.fixtures import (
    Administrator,
    Conformance,
    NewVM,
    Wired,
    collections,
    counted,
    listable,
    skip_unverified,
)
from hvlib.conformance.following import InThread, event_of, follow, follow_to, follow_to_truth, synced, until_synced
from hvlib.conformance.replica import Replica, differing, plain_records, truth
from hvlib.conformance.site import Site
from hvlib.model.actions import (
    Action,
    AttachNetwork,
    AttachVolume,
    CreateNetwork,
    CreateVolume,
    Delete,
    DetachNetwork,
    DetachVolume,
    Rename,
    Resize,
    SetTags,
    TakeSnapshot,
)
from hvlib.model.event import EventType
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Flavor, Image, Network, Snapshot, Volume

__all__ = ["WatchingConformance"]

IDLE_SECONDS = 2.0
"""The seconds for which a watch idles."""

CLOSING_SECONDS = 2.0
"""The seconds within which closing must end every wait. hvlib promises one second; a test machine may be busy."""


class Temporary(NamedTuple):
    """A kind of which the server can make and delete an object."""

    collection: hvlib.Collection[Any]
    make: Callable[[], Any]


def temporaries(provider: hvlib.Provider, new_vm: NewVM) -> Iterator[Temporary]:
    """The kinds, besides VMs, of which the server can make and delete objects."""
    kinds = {collection.kind: collection for collection in collections(provider)}
    if Volume in kinds and {CreateVolume, Delete} <= kinds[Volume].actions:
        yield Temporary(kinds[Volume], lambda: provider.storage.volumes.create("passing", GIB).wait(timeout=PATIENCE))
    if Network in kinds and {CreateNetwork, Delete} <= kinds[Network].actions:
        yield Temporary(kinds[Network], lambda: provider.network.networks.create("passing").wait(timeout=PATIENCE))
    if Snapshot in kinds and TakeSnapshot in kinds[VM].actions and Delete in kinds[Snapshot].actions:
        vm = provider.compute.vms.get(Ref(provider.about.uuid, "VM", new_vm("snapped")))
        yield Temporary(kinds[Snapshot], lambda: vm.snapshot("passing").wait(timeout=PATIENCE))


def changes(provider: hvlib.Provider, vm: hvlib.VM) -> Iterator[Action]:
    """The actions that change a halted VM, one field after the other."""
    declared = provider.compute.vms.actions
    yield from (action for action in (SetTags(("one", "two")), *sizes(provider, vm)) if type(action) in declared)
    if AttachNetwork in declared:
        other = next(network for network in provider.network.networks.get_all() if network.ref not in vm.networks)
        yield from (AttachNetwork(other.ref), DetachNetwork(other.ref))
    if AttachVolume in declared:
        volume = provider.storage.volumes.create("attached", GIB).wait(timeout=PATIENCE)
        yield from (AttachVolume(volume.ref), DetachVolume(volume.ref))
        volume.delete().wait(timeout=PATIENCE)


def sizes(provider: hvlib.Provider, vm: hvlib.VM) -> Iterator[Resize]:
    """Actions that give a VM another size: another flavor, if the server has flavors."""
    if Flavor not in {collection.kind for collection in collections(provider)}:
        yield from (Resize(vcpus=3), Resize(memory_bytes=3 * GIB))
        return
    flavors = provider.compute.flavors.get_all()
    yield Resize(flavor=next(flavor.ref for flavor in flavors if flavor.memory_bytes not in (vm.memory_bytes, None)))


class WatchingConformance(Conformance):
    """Tests of `Collection.watch` and `Provider.watch` while nothing fails."""

    def test_it_begins_with_all_that_exists(self, site: Site, provider: hvlib.Provider) -> None:
        for collection in listable(site, provider):
            with collection.watch() as watch:
                objects = synced(watch).objects
            assert differing(objects, truth(site, collection.kind)) == set()

    def test_it_tells_what_comes_changes_and_goes(self, site: Site, provider: hvlib.Provider, new_vm: NewVM) -> None:
        with provider.compute.vms.watch(fields=["name_label", "power_state"]) as watch:
            replica = synced(watch)
            id = new_vm("watched")
            assert event_of(watch, replica, id).type is EventType.ADDED
            follow(watch, replica, lambda: replica.objects["VM", id]["name_label"] == "watched")
            site.rename_vm(id, "renamed / 50%")
            renamed = follow(watch, replica, lambda: replica.objects["VM", id]["name_label"] == "renamed / 50%")[-1]
            assert (renamed.type, renamed.changed) == (EventType.MODIFIED, frozenset({"name_label"}))
            site.set_power(id, "running")
            follow(watch, replica, lambda: replica.objects["VM", id]["power_state"] == "running")
            site.delete_vm(id)
            gone = follow(watch, replica, lambda: ("VM", id) not in replica.objects)[-1]
            assert (gone.type, gone.resynced) == (EventType.DELETED, False)
            assert replica.objects == truth(site, VM, fields=frozenset({"name_label", "power_state"}))

    def test_a_vm_that_becomes_an_image_is_deleted_and_added(
        self, site: Site, admin: Administrator, provider: hvlib.Provider, new_vm: NewVM
    ) -> None:
        id = new_vm("turning")
        watched = [provider.compute.vms]
        if Image in {collection.kind for collection in listable(site, provider)}:
            watched.append(provider.image.images)  # type: ignore[arg-type]
        kinds = [collection.kind for collection in watched]
        with provider.watch(*watched) as watch:
            replica = synced(watch)
            admin.make_image(id)
            try:
                follow(watch, replica, lambda: replica.objects.keys() == truth(site, *kinds).keys())
                assert ("VM", id) not in replica.objects
            finally:
                admin.make_vm(id)
            follow(watch, replica, lambda: ("VM", id) in replica.objects)
            assert replica.objects.keys() == truth(site, *kinds).keys()

    def test_the_last_state_is_never_lost(self, site: Site, provider: hvlib.Provider, new_vm: NewVM) -> None:
        """Even if changes follow each other fast."""
        ids = [new_vm(f"busy-{number}") for number in range(3)]
        with provider.compute.vms.watch(fields=["name_label"]) as watch:
            replica = synced(watch)
            for number in range(10):
                for id in ids:
                    site.rename_vm(id, f"busy-{id}-{number}")
            site.delete_vm(ids[0])
            passing = new_vm("passing")
            site.delete_vm(passing)
            expected = truth(site, VM, fields=frozenset({"name_label"}))
            follow_to(watch, replica, expected)

    def test_an_object_that_no_longer_fits_the_filters_is_deleted(
        self, site: Site, provider: hvlib.Provider, new_vm: NewVM
    ) -> None:
        id, other = new_vm("filtered"), new_vm("filtered too")
        with provider.compute.vms.watch(fields=["name_label"], power_state="halted") as watch:
            replica = synced(watch)
            assert ("VM", id) in replica.objects
            site.set_power(id, "running")
            assert event_of(watch, replica, id).type is EventType.DELETED
            site.set_power(id, "halted")
            assert event_of(watch, replica, id).type is EventType.ADDED
            site.delete_vm(other)
            assert event_of(watch, replica, other).type is EventType.DELETED

    def test_several_collections_in_one_stream(self, site: Site, provider: hvlib.Provider, new_vm: NewVM) -> None:
        watched = listable(site, provider)
        with provider.watch(*watched) as watch:
            replica = synced(watch)
            id = new_vm("watched")
            site.set_power(id, "running")
            follow_to_truth(watch, replica, site, *(collection.kind for collection in watched))

    def test_other_kinds_come_change_and_go(self, site: Site, provider: hvlib.Provider, new_vm: NewVM) -> None:
        """Volumes, networks and snapshots, as far as the server has actions that make, change and delete them."""
        watched = listable(site, provider)
        kinds = [collection.kind for collection in watched]
        with provider.watch(*watched) as watch:
            replica = synced(watch)
            for temporary in temporaries(provider, new_vm):
                record = temporary.make()
                follow_to_truth(watch, replica, site, *kinds)
                for action in (Rename("renamed"), SetTags(("tagged",))):
                    if type(action) in temporary.collection.actions:
                        record.do(action).wait(timeout=PATIENCE)
                        follow_to_truth(watch, replica, site, *kinds)
                record.do(Delete()).wait(timeout=PATIENCE)
                follow_to_truth(watch, replica, site, *kinds)

    def test_every_change_of_a_vm_is_told(self, site: Site, provider: hvlib.Provider, new_vm: NewVM) -> None:
        """Its size, tags, networks and volumes too, as far as the server has actions that change them."""
        id = new_vm("changing")
        vms = provider.compute.vms
        vm = vms.get(Ref(provider.about.uuid, "VM", id))
        with vms.watch() as watch:
            replica = synced(watch)
            for action in changes(provider, vm):
                vm.do(action).wait(timeout=PATIENCE)
                follow_to(watch, replica, truth(site, VM))

    def test_the_problem_of_a_vm_is_told(self, admin: Administrator, provider: hvlib.Provider, new_vm: NewVM) -> None:
        """Listings and their filters show the problem too, and a watch tells its end."""
        vms = provider.compute.vms
        if "problem" not in vms.fields:
            pytest.skip("the driver does not declare VM.problem")
        id = new_vm("in need")
        with vms.watch() as watch:
            replica = synced(watch)
            text = admin.set_problem(id, True)
            vm = event_of(watch, replica, id).resource
            assert vm is not None
            assert vm.problem is not None
            assert text in vm.problem
            assert id in {each.ref.id for each in vms.get_all(problem=hvlib.glob("*"))}
            assert id not in {each.ref.id for each in vms.get_all(problem=None)}
            assert admin.set_problem(id, False) is None
            vm = event_of(watch, replica, id).resource
            assert vm is not None
            assert vm.problem is None

    def test_known_continues_from_the_callers_records(
        self, site: Site, provider: hvlib.Provider, new_vm: NewVM
    ) -> None:
        """The watch delivers the difference, then SYNCED, and then further changes."""
        changed, gone = new_vm("changed"), new_vm("gone")
        known = provider.compute.vms.get_all_records(fields=["name_label"])
        site.rename_vm(changed, "changed since")
        site.delete_vm(gone)
        new = new_vm("new")
        with provider.compute.vms.watch(fields=["name_label"], known=known) as watch:
            replica = Replica(plain_records(known))
            found = {}
            for event in until_synced(watch):
                replica.apply(event)
                assert event.ref is not None
                found[event.ref.id] = event.type.value
            assert found == {changed: "MODIFIED", gone: "DELETED", new: "ADDED"}
            site.rename_vm(new, "newer")
            follow(watch, replica, lambda: replica.objects["VM", new]["name_label"] == "newer")

    def test_native_properties_are_watched_too(self, provider: hvlib.Provider) -> None:
        with provider.compute.vms.watch(fields=[], native=True) as watch:
            event = next(watch)
            assert event.resource is not None
            assert event.resource.native

    def test_an_unknown_native_property_is_not_watched(self, provider: hvlib.Provider) -> None:
        with (
            pytest.raises(hvlib.InvalidQuery, match="no_such_property"),
            provider.compute.vms.watch(fields=[], native=["no_such_property"]) as watch,
        ):
            next(watch)

    def test_an_idle_watch_lists_nothing(self, site: Site, wired: Wired) -> None:
        """An idle watch only asks the server for changes, and rarely."""
        skip_unverified(site, "idle watch")
        watch = wired.vms.watch()
        synced(watch)
        waiting = InThread(lambda: watch.next(timeout=60))
        until_waiting(watch)
        with counted(wired.wire) as turns:
            time.sleep(IDLE_SECONDS)
            assert turns() <= 1, "an idle watch asks: if the server can't wait, name `idle watch` in `unverified`"
        InThread(watch.close).result(CLOSING_SECONDS)
        assert waiting.result(CLOSING_SECONDS) is None

    def test_opening_takes_few_round_trips(self, wired: Wired) -> None:
        """A new watch does not list the existing objects twice."""
        listed = len(list(wired.vms.get_all().pages()))
        with counted(wired.wire) as turns, wired.vms.watch() as watch:
            synced(watch)
            # The pages; and up to 8 turns for a separate connection and the subscription.
            assert turns() <= listed + 8

    def test_one_thread_waits(self, provider: hvlib.Provider) -> None:
        """A second thread gets ConcurrentWatch; closing the watch ends the wait."""
        watch = provider.compute.vms.watch()
        synced(watch)
        waiting = InThread(lambda: watch.next(timeout=60))
        until_waiting(watch)
        with pytest.raises(hvlib.ConcurrentWatch):
            watch.next(timeout=0)
        InThread(watch.close).result(CLOSING_SECONDS)
        assert waiting.result(CLOSING_SECONDS) is None

    def test_closing_the_provider_ends_every_wait(self, site: Site, new_vm: NewVM) -> None:
        new_vm("waited for")
        with site.connect() as provider:
            vm = provider.compute.vms.find("waited for")
            watch = provider.compute.vms.watch()
            synced(watch)
            waiting = InThread(lambda: watch.next(timeout=60))
            state = InThread(lambda: vm.wait_for(power_state="running", timeout=60))
            until_waiting(watch)
            begin = time.monotonic()
            InThread(provider.close).result(CLOSING_SECONDS)
            for wait in (waiting, state):
                with pytest.raises(hvlib.Closed):
                    wait.result(CLOSING_SECONDS)
            assert time.monotonic() - begin < CLOSING_SECONDS
            with pytest.raises(hvlib.Closed):
                provider.compute.vms.get_all().all()

    def test_a_watch_that_waits_keeps_nobody_else_waiting(
        self, site: Site, provider: hvlib.Provider, new_vm: NewVM
    ) -> None:
        with provider.compute.vms.watch() as watch:
            synced(watch)
            waiting = InThread(lambda: watch.next(timeout=60))
            until_waiting(watch)
            listing = InThread(lambda: provider.compute.vms.get_all(fields=[]).all())
            assert len(listing.result(10.0)) == len(site.truth(VM))
            id = new_vm("noticed")
            assert waiting.result(20.0).ref.id == id


def until_waiting(watch: hvlib.Watch[Any]) -> None:
    """Return as soon as a thread waits in the watch."""
    deadline = time.monotonic() + 10
    while not watch._turn.locked():
        assert time.monotonic() < deadline
