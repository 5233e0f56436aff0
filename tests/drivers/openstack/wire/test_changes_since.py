"""The watch of servers on a region that forgets, whose clock is wrong, and that breaks off."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from hvlib_openstack.watch.cursor import Cursor
from servers.faulty_fault import (
    DropMidway,
    Fault,
    FreezeAfter,
    Truncate,
    html_page,
    rate_limited,
    unauthorized,
    unavailable,
)
from servers.faulty_proxy import FaultyProxy, named
from servers.openstack_replay.replay import OpenStackReplay

import hvlib
from hvlib.model.event import EventType

from .conftest import DETAIL, TOKENS, Connect, asked

PATIENCE = 10.0
NAME = ["name_label"]
IDENTIFIERS = "GET /compute/v2.1/servers"
NEVER = 3600.0

Watch = hvlib.Watch[hvlib.VM]
Told = list[tuple[str, str, str]]


def until(watch: Watch, fits: Callable[[hvlib.Event[hvlib.VM]], bool]) -> hvlib.Event[hvlib.VM]:
    """The first event that fits."""
    while True:
        event = watch.next(timeout=PATIENCE)
        assert event is not None
        if fits(event):
            return event


def synced(watch: Watch) -> None:
    until(watch, lambda event: event.type is EventType.SYNCED)


def told(watch: Watch, number: int) -> set[tuple[str, str]]:
    """So many events: of what kind, and of which server."""
    found = set()
    for _ in range(number):
        event = until(watch, lambda event: event.type is not EventType.SYNCED)
        assert event.ref is not None
        found.add((str(event.type), event.ref.id))
    return found


def renamed(name: str) -> Callable[[hvlib.Event[hvlib.VM]], bool]:
    return lambda event: event.resource is not None and event.resource.name_label == name


def cursor_of(provider: hvlib.Provider) -> hvlib.WatchCursor:
    """Where a watch stands that has told everything."""
    with provider.compute.vms.watch(fields=NAME) as watch:
        synced(watch)
        with pytest.raises(hvlib.WaitTimeout):
            watch.next(timeout=0.2)
        assert watch.cursor is not None
        return watch.cursor


def ids(provider: hvlib.Provider) -> list[str]:
    return [vm.ref.id for vm in provider.compute.vms.get_all(fields=NAME)]


def polled(server: OpenStackReplay, times: int, request: str = DETAIL) -> None:
    """Return when a request was made so many times more."""
    before, deadline = server.requests().get(request, 0), time.monotonic() + PATIENCE
    while server.requests().get(request, 0) < before + times:
        assert time.monotonic() < deadline


class TestCursor:
    def test_just_the_difference(self, changing: OpenStackReplay, reach: Connect) -> None:
        cursor = cursor_of(reach(changing, poll_interval=0.05))
        provider = reach(changing)
        renamed, deleted, *_ = ids(provider)
        changing.rename_server(renamed, "renamed")
        changing.delete_server(deleted)
        made = changing.create_server("made")
        with provider.compute.vms.watch(fields=NAME, since=cursor) as watch:
            found = told(watch, 3)
        assert {id for _, id in found} == {renamed, deleted, made}
        assert ("DELETED", deleted) in found
        assert ("ADDED", made) in found

    def test_who_came_and_went_meanwhile_is_not_told(self, changing: OpenStackReplay, reach: Connect) -> None:
        cursor = cursor_of(reach(changing, poll_interval=0.05))
        changing.delete_server(changing.create_server("short"))
        remembered = changing.create_server("remembered")
        with reach(changing).compute.vms.watch(fields=NAME, since=cursor) as watch:
            assert told(watch, 1) == {("ADDED", remembered)}

    def test_who_came_and_went_and_is_forgotten_is_not_missed(self, changing: OpenStackReplay, reach: Connect) -> None:
        cursor = cursor_of(reach(changing, poll_interval=0.05))
        changing.delete_server(changing.create_server("short"))
        changing.forget_deleted()
        made = changing.create_server("made")
        with reach(changing).compute.vms.watch(fields=NAME, since=cursor) as watch:
            assert told(watch, 1) == {("ADDED", made)}

    def test_one_of_two_is_forgotten(self, changing: OpenStackReplay, reach: Connect) -> None:
        provider = reach(changing, poll_interval=0.05)
        forgotten, remembered, *_ = ids(provider)
        cursor = cursor_of(provider)
        changing.delete_server(forgotten)
        changing.forget_deleted()
        changing.delete_server(remembered)
        changing.create_server("in its place")
        with pytest.raises(hvlib.CursorLost, match="does not remember"):
            told(provider.compute.vms.watch(fields=NAME, since=cursor), 1)

    def test_of_a_young_server(self, changing: OpenStackReplay, reach: Connect) -> None:
        """It was there, although its age does not tell."""
        young = changing.create_server("young")
        provider = reach(changing, poll_interval=0.05)
        cursor = cursor_of(provider)
        changing.delete_server(young)
        with provider.compute.vms.watch(fields=NAME, since=cursor) as watch:
            assert told(watch, 1) == {("DELETED", young)}
        changing.forget_deleted()
        with pytest.raises(hvlib.CursorLost, match="does not remember"):
            told(provider.compute.vms.watch(fields=NAME, since=cursor), 1)

    def test_of_a_watch_that_began_right_after_a_deletion(self, changing: OpenStackReplay, reach: Connect) -> None:
        """Nova tells of it again; whoever has the cursor has never known of that server."""
        provider = reach(changing, poll_interval=0.05)
        deleted, *_ = ids(provider)
        changing.delete_server(deleted)
        cursor = cursor_of(provider)
        made = changing.create_server("made")
        with provider.compute.vms.watch(fields=NAME, since=cursor) as watch:
            assert told(watch, 1) == {("ADDED", made)}
            synced(watch)
            with pytest.raises(hvlib.WaitTimeout):
                watch.next(timeout=0.2)
            later = watch.cursor
        changing.delete_server(made)
        with provider.compute.vms.watch(fields=NAME, since=later) as watch:
            assert told(watch, 1) == {("DELETED", made)}

    def test_of_all_projects(self, changing: OpenStackReplay, reach: Connect) -> None:
        cursor = cursor_of(reach(changing, poll_interval=0.05))
        with pytest.raises(hvlib.CursorLost, match="another region or project"):
            told(reach(changing, all_projects=True).compute.vms.watch(fields=NAME, since=cursor), 1)

    def test_of_servers_alone(self, changing: OpenStackReplay, reach: Connect) -> None:
        provider = reach(changing, poll_interval=0.05)
        cursor = cursor_of(provider)
        with pytest.raises(hvlib.CursorLost, match="servers alone"):
            provider.network.networks.watch(since=cursor).next(timeout=PATIENCE)
        for damaged in (cursor[:-1], cursor + "A", cursor.lower(), "", "x"):
            with pytest.raises(hvlib.CursorLost):
                provider.compute.vms.watch(fields=NAME, since=hvlib.WatchCursor(damaged)).next(timeout=PATIENCE)


class TestForgotten:
    def test_the_listing_of_a_running_watch_finds_it(self, changing: OpenStackReplay, reach: Connect) -> None:
        provider = reach(changing, poll_interval=0.05, sweep_interval=0.2)
        forgotten, *_ = ids(provider)
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            changing.delete_server(forgotten)
            changing.forget_deleted()
            event = until(watch, lambda event: event.type is EventType.DELETED)
            assert event.ref is not None
            assert (event.ref.id, event.resynced) == (forgotten, True)
            changing.rename_server(ids(provider)[0], "later")
            until(watch, renamed("later"))


class TestClock:
    @pytest.mark.parametrize("skew", [-86_400.0, -900.0, 900.0, 86_400.0])
    def test_it_may_be_wrong(self, changing: OpenStackReplay, reach: Connect, skew: float) -> None:
        """Nova's own is meant: a cursor too is in its time."""
        changing.set_token_life(7 * 86_400)
        changing.set_skew(skew)
        provider = reach(changing, poll_interval=0.05, sweep_interval=NEVER)
        one, other, *_ = ids(provider)
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            for number in range(3):
                changing.rename_server(one, f"name-{number}")
                until(watch, renamed(f"name-{number}"))
            changing.delete_server(one)
            assert told(watch, 1) == {("DELETED", one)}
        cursor = cursor_of(provider)
        assert abs(Cursor.decode(cursor).at - (time.time() + skew)) < 60
        changing.rename_server(other, "renamed")
        with provider.compute.vms.watch(fields=NAME, since=cursor) as watch:
            until(watch, renamed("renamed"))

    def test_changes_within_a_second(self, changing: OpenStackReplay, reach: Connect) -> None:
        """Nova counts in whole seconds: what changes again after the question, in the same one, is not missed."""
        provider = reach(changing, poll_interval=0.02, sweep_interval=NEVER)
        one, *_ = ids(provider)
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            for number in range(30):
                changing.rename_server(one, f"name-{number}")
                until(watch, renamed(f"name-{number}"))

    def test_what_comes_and_goes_within_a_second(self, changing: OpenStackReplay, reach: Connect) -> None:
        provider = reach(changing, poll_interval=0.02, sweep_interval=NEVER)
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            for number in range(10):
                made = changing.create_server(f"name-{number}")
                assert told(watch, 1) == {("ADDED", made)}
                changing.delete_server(made)
                assert told(watch, 1) == {("DELETED", made)}


class TestCost:
    def test_an_idle_watch_asks_for_changes_alone(self, changing: OpenStackReplay, reach: Connect) -> None:
        provider = reach(changing, poll_interval=0.05, sweep_interval=NEVER)
        for fields in (NAME, None):
            with provider.compute.vms.watch(fields=fields) as watch:
                synced(watch)
                begin = time.monotonic()
                with asked(changing) as requests, pytest.raises(hvlib.WaitTimeout):
                    watch.next(timeout=1.0)
                seconds = time.monotonic() - begin
            assert set(requests) == {DETAIL}
            assert 2 <= requests[DETAIL] <= seconds / 0.05 + 1

    def test_the_listing_of_identifiers_has_its_own_interval(self, changing: OpenStackReplay, reach: Connect) -> None:
        provider = reach(changing, poll_interval=0.05, sweep_interval=0.4)
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            begin = time.monotonic()
            with asked(changing) as requests, pytest.raises(hvlib.WaitTimeout):
                watch.next(timeout=1.5)
            seconds = time.monotonic() - begin
        assert set(requests) == {DETAIL, IDENTIFIERS}
        assert 1 <= requests[IDENTIFIERS] <= seconds / 0.4 + 1

    def test_what_nova_does_not_tell_is_found_by_the_listing(self, changing: OpenStackReplay, reach: Connect) -> None:
        provider = reach(changing, poll_interval=0.05, sweep_interval=0.2)
        one, *_ = ids(provider)
        with provider.compute.vms.watch(fields=["name_label", "tags"]) as watch:
            synced(watch)
            changing.tag_server(one, ["new"])
            event = until(watch, lambda event: event.changed is not None)
            assert event.ref is not None
            assert (event.ref.id, set(event.changed or ())) == (one, {"tags"})
            assert IDENTIFIERS not in changing.requests()


class TestTrouble:
    @pytest.mark.parametrize("fault", [DropMidway(), unavailable(), rate_limited(), unauthorized(), FreezeAfter()])
    def test_a_watch_goes_on(
        self, changing: OpenStackReplay, changing_proxy: FaultyProxy, reach: Connect, fault: Fault
    ) -> None:
        provider = reach(changing, changing_proxy.port, poll_interval=0.05, timeout=0.5)
        one, other, *_ = ids(provider)
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            met = changing_proxy.next(fault, when=named(DETAIL))
            changing.rename_server(one, "renamed")
            until(watch, renamed("renamed"))
            assert met.struck.is_set()
            changing.delete_server(other)
            assert told(watch, 1) == {("DELETED", other)}

    @pytest.mark.parametrize("fault", [html_page(), Truncate()])
    def test_what_can_not_be_read_is_told(
        self, changing: OpenStackReplay, changing_proxy: FaultyProxy, reach: Connect, fault: Fault
    ) -> None:
        provider = reach(changing, changing_proxy.port, poll_interval=0.05)
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            changing_proxy.next(fault, when=named(DETAIL))
            with pytest.raises(hvlib.ProtocolError):
                watch.next(timeout=PATIENCE)

    def test_a_server_that_starts_anew(self, changing: OpenStackReplay, reach: Connect) -> None:
        """What was made before is gone, and nobody remembers: the difference is told all the same."""
        provider = reach(changing, poll_interval=0.05, sweep_interval=0.2)
        made = changing.create_server("made")
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            changing.stop()
            changing.start()
            event = until(watch, lambda event: event.type is EventType.DELETED)
            assert event.ref is not None
            assert (event.ref.id, event.resynced) == (made, True)

    def test_closing_ends_a_frozen_look(
        self, changing: OpenStackReplay, changing_proxy: FaultyProxy, reach: Connect
    ) -> None:
        provider = reach(changing, changing_proxy.port, poll_interval=0.05)
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            frozen = changing_proxy.next(FreezeAfter(), when=named(DETAIL))
            ended: list[object] = []
            waiting = threading.Thread(target=lambda: ended.append(next(watch, None)))
            waiting.start()
            assert frozen.struck.wait(10)
            begin = time.monotonic()
            watch.close()
            waiting.join(5)
            assert time.monotonic() - begin < 1
            assert ended == [None]
            provider.close()
            assert time.monotonic() - begin < 2
        assert changing.tokens()["valid"] == 0

    def test_tokens_that_do_not_live_long(self, changing: OpenStackReplay, reach: Connect) -> None:
        provider = reach(changing, poll_interval=0.05)
        one, *_ = ids(provider)
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            for number in range(3):
                changing.expire_tokens()
                with asked(changing) as requests:
                    changing.rename_server(one, f"name-{number}")
                    until(watch, renamed(f"name-{number}"))
                assert requests[TOKENS] == 1
