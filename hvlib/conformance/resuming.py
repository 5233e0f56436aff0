"""The watch when something breaks: it continues with exactly the difference, or raises CursorLost."""

from __future__ import annotations

from collections.abc import Set
from contextlib import suppress

import pytest

import hvlib
from hvlib.conformance.fixtures import Administrator, Conformance, NewVM, Wired
from hvlib.conformance.following import LULL_SECONDS, PATIENCE, InThread, caught_up, event_of, follow_to, synced
from hvlib.conformance.replica import Replica, plain_records, truth
from hvlib.conformance.site import Site
from hvlib.conformance.watching import until_waiting
from hvlib.driver import WatchCursor
from hvlib.model.event import EventType
from hvlib.model.resources import VM

__all__ = ["ResumingConformance"]

NAMES = frozenset({"name_label"})

CATCHING_UP_SECONDS = 10.0
"""The seconds within which a watch from a cursor has caught up, where nothing has changed."""

LOSSES = ("cut", "expire_sessions", "lose_cursors", "restart")
"""The losses after which a watch continues: of its connections, its session, its cursor, and its server (a restart)."""


class ResumingConformance(Conformance):
    """Tests of a watch's losses and cursors."""

    @pytest.mark.parametrize("loss", LOSSES)
    def test_it_goes_on_with_just_the_difference(
        self, site: Site, admin: Administrator, wired: Wired, new_vm: NewVM, loss: str
    ) -> None:
        changed, gone = new_vm("changed"), new_vm("gone")
        with wired.vms.watch(fields=["name_label"]) as watch:
            replica = synced(watch)
            lose(admin, wired, loss)
            if loss != "restart":
                site.rename_vm(changed, "changed since")
                site.delete_vm(gone)
            new = new_vm("new")
            expected = truth(site, VM, fields=NAMES)
            before = dict(replica.objects)
            events = follow_to(watch, replica, expected)
            differing = {key for key in before.keys() | expected.keys() if before.get(key) != expected.get(key)}
            assert {(event.ref.kind, event.ref.id) for event in events if event.ref} == differing
            # Where tokens outlive a connection or a server, the watch may not notice that it was gone for a while.
            assert events[0].resynced or loss in ("cut", "restart")
            assert all(event.type is not EventType.SYNCED for event in events)
            site.rename_vm(new, "newer")
            assert event_of(watch, replica, new).type is EventType.MODIFIED

    @pytest.mark.parametrize("loss", LOSSES)
    def test_a_loss_in_mid_wait(self, site: Site, admin: Administrator, wired: Wired, new_vm: NewVM, loss: str) -> None:
        """The waiting thread notices the loss by itself, and gets the change that follows."""
        with wired.vms.watch(fields=["name_label"]) as watch:
            replica = synced(watch)
            waiting = InThread(lambda: watch.next(timeout=site.patience))  # A restart may take long.
            until_waiting(watch)
            lose(admin, wired, loss)
            new_vm("new")
            expected = truth(site, VM, fields=NAMES)
            replica.apply(waiting.result(PATIENCE + 5))
            follow_to(watch, replica, expected)

    @pytest.mark.parametrize("turns", [0, 1, 2, 3, 4])
    def test_an_interrupted_snapshot_deletes_nothing(self, site: Site, wired: Wired, turns: int) -> None:
        """Even if it begins again, no existing object is reported as deleted, and SYNCED comes after all objects."""
        with wired.vms.watch(fields=["name_label"]) as watch:
            replica = synced(watch)
            wired.wire.cut()
            wired.wire.cut_after(turns)
            with suppress(hvlib.WaitTimeout):
                assert watch.next(timeout=0.5) is None, "nothing has changed"
        wired.wire.cut_after(turns)
        with wired.vms.watch(fields=["name_label"]) as watch:
            replica = synced(watch)
        assert replica.objects == truth(site, VM, fields=NAMES)

    def test_every_cursor_goes_on_where_it_stands(self, site: Site, provider: hvlib.Provider, new_vm: NewVM) -> None:
        """In another session too, or it raises CursorLost there: no change between two cursors is skipped."""
        ids = [new_vm(f"cursor-{number}") for number in range(4)]
        with provider.compute.vms.watch(fields=["name_label"]) as watch:
            replica = synced(watch)
            for id in ids[1:]:
                site.rename_vm(id, f"{id} renamed")
            site.delete_vm(ids[0])
            new_vm("new")
            expected = truth(site, VM, fields=NAMES)
            stages = [(watch.cursor, dict(replica.objects))]
            while replica.objects != expected:
                event = watch.next(timeout=PATIENCE)
                assert event is not None
                stages.append((watch.cursor, dict(replica.objects)))
                replica.apply(event)
            with suppress(hvlib.WaitTimeout):
                watch.next(timeout=0.2)
            stages.append((watch.cursor, dict(replica.objects)))
        for cursor, objects in stages:
            if cursor is not None:
                self.check_stage(site, cursor, Replica(objects), provider, set(ids))
                with site.connect() as other:
                    self.check_stage(site, cursor, Replica(objects), other, set(ids))

    def check_stage(
        self, site: Site, cursor: WatchCursor, replica: Replica, provider: hvlib.Provider, older: Set[str]
    ) -> None:
        """AssertionError unless a watch from this cursor brings the replica up to date, or raises CursorLost.

        Objects that are older than the cursor (``older``) must not be reported as added.
        """
        with (
            suppress(hvlib.CursorLost),
            provider.compute.vms.watch(fields=["name_label"], since=cursor) as watch,
        ):
            events = caught_up(watch, replica)
            assert replica.objects == truth(site, VM, fields=NAMES)
            assert not older & {event.ref.id for event in events if event.ref and event.type is EventType.ADDED}

    def test_a_cursor_is_caught_up_at_once(self, provider: hvlib.Provider) -> None:
        """SYNCED comes without waiting for a change."""
        with provider.compute.vms.watch(fields=["name_label"]) as watch:
            synced(watch)
            with suppress(hvlib.WaitTimeout):
                watch.next(timeout=LULL_SECONDS)
            cursor = watch.cursor
        if cursor is not None:
            with suppress(hvlib.CursorLost), provider.compute.vms.watch(fields=["name_label"], since=cursor) as watch:
                InThread(lambda: synced(watch)).result(CATCHING_UP_SECONDS)

    @pytest.mark.parametrize("text", ["", "x", "1", "a/b/c", "🙂"])
    def test_what_is_no_cursor_is_lost(self, provider: hvlib.Provider, text: str) -> None:
        with pytest.raises(hvlib.CursorLost), provider.compute.vms.watch(since=WatchCursor(text)) as watch:
            watch.next(timeout=5)

    def test_a_cursor_that_is_lost_is_said_to_be(
        self, site: Site, admin: Administrator, provider: hvlib.Provider, new_vm: NewVM
    ) -> None:
        """With ``since`` alone the watch raises CursorLost; with ``known`` too it continues."""
        with provider.compute.vms.watch(fields=["name_label"]) as watch:
            synced(watch)
            with suppress(hvlib.WaitTimeout):
                watch.next(timeout=0.2)
            cursor = watch.cursor
        known = provider.compute.vms.get_all_records(fields=["name_label"])
        admin.lose_cursors()
        new_vm("new")
        for lost in () if cursor is None else (cursor, f"{cursor}x"):
            with pytest.raises(hvlib.CursorLost), provider.compute.vms.watch(since=WatchCursor(lost)) as watch:
                watch.next(timeout=5)
            replica = Replica(plain_records(known))
            with provider.compute.vms.watch(fields=["name_label"], since=WatchCursor(lost), known=known) as watch:
                caught_up(watch, replica)
            assert replica.objects == truth(site, VM, fields=NAMES)


def lose(admin: Administrator, wired: Wired, loss: str) -> None:
    """Cause one of `LOSSES`."""
    if loss == "cut":
        wired.wire.cut()
    else:
        getattr(admin, loss)()
