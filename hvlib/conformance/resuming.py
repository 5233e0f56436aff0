"""The watch when things break: it goes on with just the difference, or says that it can't."""

from __future__ import annotations

from collections.abc import Set
from contextlib import suppress

import pytest

import hvlib
from hvlib.conformance.fixtures import Administrator, Conformance, NewVM, Wired
from hvlib.conformance.following import PATIENCE, InThread, caught_up, event_of, follow_to, synced
from hvlib.conformance.replica import Replica, plain_records, truth
from hvlib.conformance.site import Site
from hvlib.conformance.watching import until_waiting
from hvlib.driver import WatchCursor
from hvlib.model.event import EventType
from hvlib.model.resources import VM

__all__ = ["ResumingConformance"]

NAMES = frozenset({"name_label"})

LOSSES = ("cut", "expire_sessions", "lose_cursors", "restart")
"""What a watch outlives: a broken connection, a lost session, a cursor that can't be continued, another server."""


class ResumingConformance(Conformance):
    """Losses and cursors."""

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
            # A connection or a server that was gone while nobody asked it is no loss where tokens outlive it.
            assert events[0].resynced or loss in ("cut", "restart")
            assert all(event.type is not EventType.SYNCED for event in events)
            site.rename_vm(new, "newer")
            assert event_of(watch, replica, new).type is EventType.MODIFIED

    @pytest.mark.parametrize("loss", LOSSES)
    def test_a_loss_in_mid_wait(self, site: Site, admin: Administrator, wired: Wired, new_vm: NewVM, loss: str) -> None:
        """The thread that waits notices by itself, and the change that follows reaches it."""
        with wired.vms.watch(fields=["name_label"]) as watch:
            replica = synced(watch)
            waiting = InThread(lambda: watch.next(timeout=site.patience))  # to restart a server may take long
            until_waiting(watch)
            lose(admin, wired, loss)
            new_vm("new")
            expected = truth(site, VM, fields=NAMES)
            replica.apply(waiting.result(PATIENCE + 5))
            follow_to(watch, replica, expected)

    @pytest.mark.parametrize("turns", [0, 1, 2, 3, 4])
    def test_an_interrupted_snapshot_deletes_nothing(self, site: Site, wired: Wired, turns: int) -> None:
        """However often it has to begin again, nothing that exists is told as gone, and SYNCED comes when all is."""
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
        """In another session too, where the server can, else CursorLost: nothing between two cursors is skipped."""
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
        """From this cursor, what this replica knows becomes the truth; what is older than it is not told as new."""
        with (
            suppress(hvlib.CursorLost),
            provider.compute.vms.watch(fields=["name_label"], since=cursor) as watch,
        ):
            told = caught_up(watch, replica)
            assert replica.objects == truth(site, VM, fields=NAMES)
            assert not older & {event.ref.id for event in told if event.ref and event.type is EventType.ADDED}

    @pytest.mark.parametrize("text", ["", "x", "1", "a/b/c", "🙂"])
    def test_what_is_no_cursor_is_lost(self, provider: hvlib.Provider, text: str) -> None:
        with pytest.raises(hvlib.CursorLost), provider.compute.vms.watch(since=WatchCursor(text)) as watch:
            watch.next(timeout=5)

    def test_a_cursor_that_is_lost_is_said_to_be(
        self, site: Site, admin: Administrator, provider: hvlib.Provider, new_vm: NewVM
    ) -> None:
        """With ``since`` alone CursorLost; with ``known`` too it goes on."""
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
    """Make something break."""
    if loss == "cut":
        wired.wire.cut()
    else:
        getattr(admin, loss)()
