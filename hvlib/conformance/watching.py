"""The watch: all that exists, then what changes, each with the record before it; one waiter; closing."""

from __future__ import annotations

import time
from typing import Any

import pytest

import hvlib
from hvlib.conformance.fixtures import Administrator, Conformance, NewVM, Wired, collections, counted, skip_unverified
from hvlib.conformance.following import InThread, event_of, follow, follow_to, synced, until_synced
from hvlib.conformance.replica import Replica, differing, plain_records, truth
from hvlib.conformance.site import Site
from hvlib.mirror import EventType
from hvlib.resources import VM, Image

__all__ = ["WatchingConformance"]

IDLE = 2.0
"""Seconds for which a watch is left alone."""

SOON = 2.0
"""Seconds in which what is closed must have ended: the promise is one, and machines can be busy."""


class WatchingConformance(Conformance):
    """`Collection.watch` and `Provider.watch`, while all goes well."""

    def test_it_begins_with_all_that_exists(self, site: Site, provider: hvlib.Provider) -> None:
        for collection in collections(provider):
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

    def test_what_turns_into_another_kind_goes_here_and_comes_there(
        self, site: Site, admin: Administrator, provider: hvlib.Provider, new_vm: NewVM
    ) -> None:
        id = new_vm("turning")
        watched = [provider.compute.vms]
        if Image in {collection.kind for collection in collections(provider)}:
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
        """However fast changes follow each other."""
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

    def test_what_ceases_to_fit_the_filters_is_deleted(
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
        watched = collections(provider)
        with provider.watch(*watched) as watch:
            replica = synced(watch)
            id = new_vm("watched")
            site.set_power(id, "running")
            kinds = [collection.kind for collection in watched]
            follow(watch, replica, lambda: replica.objects.keys() == truth(site, *kinds).keys())

    def test_known_goes_on_from_own_records(self, site: Site, provider: hvlib.Provider, new_vm: NewVM) -> None:
        """The difference, SYNCED, and then what changes."""
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

    def test_an_idle_watch_lists_nothing(self, site: Site, wired: Wired) -> None:
        """It asks the server for changes, rarely, and nothing else."""
        skip_unverified(site, "idle watch")
        watch = wired.vms.watch()
        synced(watch)
        waiting = InThread(lambda: watch.next(timeout=60))
        until_waiting(watch)
        with counted(wired.wire) as turns:
            time.sleep(IDLE)
            assert turns() <= 1
        InThread(watch.close).result(SOON)
        assert waiting.result(SOON) is None

    def test_opening_takes_few_round_trips(self, wired: Wired) -> None:
        """What it begins with is not listed twice."""
        listed = len(list(wired.vms.get_all().pages()))
        with counted(wired.wire) as turns, wired.vms.watch() as watch:
            synced(watch)
            # A connection of its own, the subscription, and the pages.
            assert turns() <= listed + 8

    def test_one_thread_waits(self, provider: hvlib.Provider) -> None:
        """A second one raises ConcurrentWatch; closing ends the wait."""
        watch = provider.compute.vms.watch()
        synced(watch)
        waiting = InThread(lambda: watch.next(timeout=60))
        until_waiting(watch)
        with pytest.raises(hvlib.ConcurrentWatch):
            watch.next(timeout=0)
        InThread(watch.close).result(SOON)
        assert waiting.result(SOON) is None

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
            InThread(provider.close).result(SOON)
            for each in (waiting, state):
                with pytest.raises(hvlib.Closed):
                    each.result(SOON)
            assert time.monotonic() - begin < SOON
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
            assert waiting.result is not None
            id = new_vm("noticed")
            assert waiting.result(20.0).ref.id == id


def until_waiting(watch: hvlib.Watch[Any]) -> None:
    """Return when a thread waits in the watch."""
    deadline = time.monotonic() + 10
    while not watch._turn.locked():
        assert time.monotonic() < deadline
