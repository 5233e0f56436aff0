"""The watch of servers on a region that forgets servers, whose clock is wrong, or whose connections break."""

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

from .conftest import DETAIL, TOKENS, Connect, requests_to

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


def next_events(watch: Watch, number: int) -> set[tuple[str, str]]:
    """The type and the server of each of the next ``number`` events."""
    found = set()
    for _ in range(number):
        event = until(watch, lambda event: event.type is not EventType.SYNCED)
        assert event.ref is not None
        found.add((str(event.type), event.ref.id))
    return found


def renamed(name: str) -> Callable[[hvlib.Event[hvlib.VM]], bool]:
    return lambda event: event.resource is not None and event.resource.name_label == name


def cursor_of(provider: hvlib.Provider) -> hvlib.WatchCursor:
    """The cursor of a watch that has reported everything."""
    with provider.compute.vms.watch(fields=NAME) as watch:
        synced(watch)
        with pytest.raises(hvlib.WaitTimeout):
            watch.next(timeout=0.2)
        assert watch.cursor is not None
        return watch.cursor


def ids(provider: hvlib.Provider) -> list[str]:
    return [vm.ref.id for vm in provider.compute.vms.get_all(fields=NAME)]


def polled(server: OpenStackReplay, times: int, request: str = DETAIL) -> None:
    """Wait until a request was made ``times`` more times."""
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
            found = next_events(watch, 3)
        assert {id for _, id in found} == {renamed, deleted, made}
        assert ("DELETED", deleted) in found
        assert ("ADDED", made) in found

    def test_a_server_created_and_deleted_meanwhile_is_not_reported(
        self, changing: OpenStackReplay, reach: Connect
    ) -> None:
        cursor = cursor_of(reach(changing, poll_interval=0.05))
        changing.delete_server(changing.create_server("short"))
        remembered = changing.create_server("remembered")
        with reach(changing).compute.vms.watch(fields=NAME, since=cursor) as watch:
            assert next_events(watch, 1) == {("ADDED", remembered)}

    def test_a_server_created_and_deleted_meanwhile_may_be_forgotten(
        self, changing: OpenStackReplay, reach: Connect
    ) -> None:
        cursor = cursor_of(reach(changing, poll_interval=0.05))
        changing.delete_server(changing.create_server("short"))
        changing.forget_deleted()
        made = changing.create_server("made")
        with reach(changing).compute.vms.watch(fields=NAME, since=cursor) as watch:
            assert next_events(watch, 1) == {("ADDED", made)}

    def test_one_of_two_deleted_servers_is_forgotten(self, changing: OpenStackReplay, reach: Connect) -> None:
        provider = reach(changing, poll_interval=0.05)
        forgotten, remembered, *_ = ids(provider)
        cursor = cursor_of(provider)
        changing.delete_server(forgotten)
        changing.forget_deleted()
        changing.delete_server(remembered)
        changing.create_server("in its place")
        with pytest.raises(hvlib.CursorLost, match="does not remember"):
            next_events(provider.compute.vms.watch(fields=NAME, since=cursor), 1)

    def test_a_young_server(self, changing: OpenStackReplay, reach: Connect) -> None:
        """The server existed at the cursor, although its creation time does not prove it."""
        young = changing.create_server("young")
        provider = reach(changing, poll_interval=0.05)
        cursor = cursor_of(provider)
        changing.delete_server(young)
        with provider.compute.vms.watch(fields=NAME, since=cursor) as watch:
            assert next_events(watch, 1) == {("DELETED", young)}
        changing.forget_deleted()
        with pytest.raises(hvlib.CursorLost, match="does not remember"):
            next_events(provider.compute.vms.watch(fields=NAME, since=cursor), 1)

    def test_a_watch_that_began_right_after_a_deletion(self, changing: OpenStackReplay, reach: Connect) -> None:
        """Nova reports the deletion again, but the holder of the cursor has never seen that server."""
        provider = reach(changing, poll_interval=0.05)
        deleted, *_ = ids(provider)
        changing.delete_server(deleted)
        cursor = cursor_of(provider)
        made = changing.create_server("made")
        with provider.compute.vms.watch(fields=NAME, since=cursor) as watch:
            assert next_events(watch, 1) == {("ADDED", made)}
            synced(watch)
            with pytest.raises(hvlib.WaitTimeout):
                watch.next(timeout=0.2)
            later = watch.cursor
        changing.delete_server(made)
        with provider.compute.vms.watch(fields=NAME, since=later) as watch:
            assert next_events(watch, 1) == {("DELETED", made)}

    def test_the_cursor_of_another_scope(self, changing: OpenStackReplay, reach: Connect) -> None:
        cursor = cursor_of(reach(changing, poll_interval=0.05))
        with pytest.raises(hvlib.CursorLost, match="another region or project"):
            next_events(reach(changing, all_projects=True).compute.vms.watch(fields=NAME, since=cursor), 1)

    def test_only_servers_have_cursors(self, changing: OpenStackReplay, reach: Connect) -> None:
        provider = reach(changing, poll_interval=0.05)
        cursor = cursor_of(provider)
        with pytest.raises(hvlib.CursorLost, match="servers alone"):
            provider.network.networks.watch(since=cursor).next(timeout=PATIENCE)
        for damaged in (cursor[:-1], cursor + "A", cursor.lower(), "", "x"):
            with pytest.raises(hvlib.CursorLost):
                provider.compute.vms.watch(fields=NAME, since=hvlib.WatchCursor(damaged)).next(timeout=PATIENCE)


class TestForgotten:
    def test_the_listing_of_a_running_watch_finds_the_deletion(self, changing: OpenStackReplay, reach: Connect) -> None:
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
    def test_the_clock_may_be_wrong(self, changing: OpenStackReplay, reach: Connect, skew: float) -> None:
        """Times are by nova's own clock, also in a cursor."""
        changing.set_token_life(7 * 86_400)
        changing.set_skew(skew)
        provider = reach(changing, poll_interval=0.05, sweep_interval=NEVER)
        first, second, *_ = ids(provider)
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            for number in range(3):
                changing.rename_server(first, f"name-{number}")
                until(watch, renamed(f"name-{number}"))
            changing.delete_server(first)
            assert next_events(watch, 1) == {("DELETED", first)}
        cursor = cursor_of(provider)
        assert abs(Cursor.decode(cursor).at - (time.time() + skew)) < 60
        changing.rename_server(second, "renamed")
        with provider.compute.vms.watch(fields=NAME, since=cursor) as watch:
            until(watch, renamed("renamed"))

    def test_changes_within_a_second(self, changing: OpenStackReplay, reach: Connect) -> None:
        """Nova counts in whole seconds: another change in the second of the request is not missed."""
        provider = reach(changing, poll_interval=0.02, sweep_interval=NEVER)
        first, *_ = ids(provider)
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            for number in range(30):
                changing.rename_server(first, f"name-{number}")
                until(watch, renamed(f"name-{number}"))

    def test_servers_created_and_deleted_within_a_second(self, changing: OpenStackReplay, reach: Connect) -> None:
        provider = reach(changing, poll_interval=0.02, sweep_interval=NEVER)
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            for number in range(10):
                made = changing.create_server(f"name-{number}")
                assert next_events(watch, 1) == {("ADDED", made)}
                changing.delete_server(made)
                assert next_events(watch, 1) == {("DELETED", made)}


class TestCost:
    def test_an_idle_watch_asks_for_changes_alone(self, changing: OpenStackReplay, reach: Connect) -> None:
        provider = reach(changing, poll_interval=0.05, sweep_interval=NEVER)
        for fields in (NAME, None):
            with provider.compute.vms.watch(fields=fields) as watch:
                synced(watch)
                begin = time.monotonic()
                with requests_to(changing) as requests, pytest.raises(hvlib.WaitTimeout):
                    watch.next(timeout=1.0)
                seconds = time.monotonic() - begin
            assert set(requests) == {DETAIL}
            assert 2 <= requests[DETAIL] <= seconds / 0.05 + 1

    def test_the_listing_of_identifiers_has_its_own_interval(self, changing: OpenStackReplay, reach: Connect) -> None:
        provider = reach(changing, poll_interval=0.05, sweep_interval=0.4)
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            begin = time.monotonic()
            with requests_to(changing) as requests, pytest.raises(hvlib.WaitTimeout):
                watch.next(timeout=1.5)
            seconds = time.monotonic() - begin
        assert set(requests) == {DETAIL, IDENTIFIERS}
        assert 1 <= requests[IDENTIFIERS] <= seconds / 0.4 + 1

    def test_the_listing_finds_changes_that_nova_does_not_report(
        self, changing: OpenStackReplay, reach: Connect
    ) -> None:
        provider = reach(changing, poll_interval=0.05, sweep_interval=0.2)
        first, *_ = ids(provider)
        with provider.compute.vms.watch(fields=["name_label", "tags"]) as watch:
            synced(watch)
            changing.tag_server(first, ["new"])
            event = until(watch, lambda event: event.changed is not None)
            assert event.ref is not None
            assert (event.ref.id, set(event.changed or ())) == (first, {"tags"})
            assert IDENTIFIERS not in changing.requests()


class TestTrouble:
    @pytest.mark.parametrize("fault", [DropMidway(), unavailable(), rate_limited(), unauthorized(), FreezeAfter()])
    def test_a_watch_continues(
        self, changing: OpenStackReplay, changing_proxy: FaultyProxy, reach: Connect, fault: Fault
    ) -> None:
        provider = reach(changing, changing_proxy.port, poll_interval=0.05, timeout=0.5)
        first, second, *_ = ids(provider)
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            met = changing_proxy.next(fault, when=named(DETAIL))
            changing.rename_server(first, "renamed")
            until(watch, renamed("renamed"))
            assert met.struck.is_set()
            changing.delete_server(second)
            assert next_events(watch, 1) == {("DELETED", second)}

    @pytest.mark.parametrize("fault", [html_page(), Truncate()])
    def test_a_reply_that_can_not_be_read_is_an_error(
        self, changing: OpenStackReplay, changing_proxy: FaultyProxy, reach: Connect, fault: Fault
    ) -> None:
        provider = reach(changing, changing_proxy.port, poll_interval=0.05)
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            changing_proxy.next(fault, when=named(DETAIL))
            with pytest.raises(hvlib.ProtocolError):
                watch.next(timeout=PATIENCE)

    def test_a_restarted_region(self, changing: OpenStackReplay, reach: Connect) -> None:
        """A server made before is gone, and the region does not remember it: the watch still reports the deletion."""
        provider = reach(changing, poll_interval=0.05, sweep_interval=0.2)
        made = changing.create_server("made")
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            changing.stop()
            changing.start()
            event = until(watch, lambda event: event.type is EventType.DELETED)
            assert event.ref is not None
            assert (event.ref.id, event.resynced) == (made, True)

    def test_closing_ends_a_frozen_request(
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

    def test_tokens_that_expire_often(self, changing: OpenStackReplay, reach: Connect) -> None:
        provider = reach(changing, poll_interval=0.05)
        first, *_ = ids(provider)
        with provider.compute.vms.watch(fields=NAME) as watch:
            synced(watch)
            for number in range(3):
                changing.expire_tokens()
                with requests_to(changing) as requests:
                    changing.rename_server(first, f"name-{number}")
                    until(watch, renamed(f"name-{number}"))
                assert requests[TOKENS] == 1
