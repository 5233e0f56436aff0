from __future__ import annotations

import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from scripted.clock import FakeClock
from scripted.context import UUID
from scripted.driver import ScriptedFeed, scripted

import hvlib
from hvlib.driver import Batch, Gone, SessionLost, Upsert, WatchCursor
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.runtime.retry import RetryPolicy

PAUSING = RetryPolicy(max_retries=0, backoff=lambda attempt, error: 1.0, max_outage=60.0)


def ref(id: str) -> Ref:
    return Ref(UUID, "VM", id)


def batch(*changes: str, cursor: str | None = None, synced: bool = False, created: bool = False) -> Any:
    """A batch: ``a`` upserts a as running, ``a=halted`` as halted, ``-a`` deletes it."""

    def change(text: str, query: Query[Any]) -> Upsert | Gone:
        if text.startswith("-"):
            return Gone(ref(text[1:]))
        id, _, state = text.partition("=")
        return Upsert(query.build(ref(id), {"name_label": id, "power_state": state or "running"}), created)

    def make(query: Query[Any]) -> Batch:
        return Batch([change(text, query) for text in changes], cursor and WatchCursor(cursor), synced=synced)

    return make


def next_events(watch: hvlib.Watch, number: int, timeout: float = 5) -> list[str]:
    return [event_text(watch.next(timeout)) for _ in range(number)]


def event_text(event: hvlib.Event | None) -> str:
    assert event is not None
    text = f"{event.type}" + (f" {event.ref.id}" if event.ref else "")
    return text + (" resynced" if event.resynced else "")


def test_all_then_synced_then_changes() -> None:
    provider, session = scripted()
    session.feeds.append(
        ScriptedFeed(batch("a"), batch("b=halted", synced=True, cursor="1"), batch("a=halted", "-b", "c", cursor="2"))
    )
    with provider.compute.vms.watch(fields=["power_state"]) as watch:
        assert next_events(watch, 3) == ["ADDED a", "ADDED b", "SYNCED"]
        event = watch.next(timeout=5)
        assert event is not None
        assert (event.changed, event.resource.power_state) == ({"power_state"}, "halted")  # type: ignore[union-attr]
        gone = watch.next(timeout=5)
        assert gone is not None
        assert (gone.type, gone.resource.power_state) == ("DELETED", "halted")  # type: ignore[union-attr]
        assert next_events(watch, 1) == ["ADDED c"]
        with pytest.raises(hvlib.WaitTimeout):
            watch.next(timeout=0.01)


def test_the_cursor_moves_when_the_next_event_is_asked_for() -> None:
    provider, session = scripted()
    session.feeds.append(ScriptedFeed(batch("a", synced=True, cursor="1"), batch("b", "c", cursor="2"), batch("-c")))
    with provider.compute.vms.watch() as watch:
        next_events(watch, 1)
        assert watch.cursor is None
        next_events(watch, 1)
        assert watch.cursor == "1"
        next_events(watch, 2)
        assert watch.cursor == "1"
        next_events(watch, 1)
        assert watch.cursor == "2"


@pytest.mark.parametrize("failure", [SessionLost("expired"), hvlib.ConnectionFailed("reset")])
def test_after_a_broken_feed_the_watch_continues_from_its_cursor(failure: Exception) -> None:
    provider, session = scripted()
    session.feeds += [
        ScriptedFeed(batch("a", "b", synced=True, cursor="1"), failure),
        ScriptedFeed(batch("b=halted", "b=halted", synced=True, cursor="2"), batch("a=halted")),
    ]
    with provider.compute.vms.watch() as watch:
        assert next_events(watch, 5) == ["ADDED a", "ADDED b", "SYNCED", "MODIFIED b resynced", "MODIFIED a"]
    assert session.opened == [None, "1"]
    assert session.log.count("login") == (2 if isinstance(failure, SessionLost) else 1)


def test_after_a_lost_cursor_a_snapshot_is_compared_with_the_known_records() -> None:
    provider, session = scripted()
    session.feeds += [
        ScriptedFeed(batch("a", "b", "c", synced=True, cursor="1"), hvlib.CursorLost("expired")),
        ScriptedFeed(batch("a"), batch("b=halted", "d", synced=True, cursor="9"), batch("a=halted")),
    ]
    with provider.compute.vms.watch() as watch:
        next_events(watch, 4)
        assert next_events(watch, 3) == ["MODIFIED b resynced", "ADDED d resynced", "DELETED c resynced"]
        assert next_events(watch, 1) == ["MODIFIED a"]
    assert session.opened == [None, None]


def test_no_pause_follows_a_cursor_that_the_server_cannot_continue() -> None:
    provider, session = scripted(RetryPolicy(backoff=lambda attempt, error: 60.0))
    session.feeds.extend(
        [
            ScriptedFeed(batch("a", cursor="1", synced=True), hvlib.ConnectionFailed("reset")),
            hvlib.CursorLost("of another collector"),
            ScriptedFeed(batch("b", cursor="2", synced=True)),
        ]
    )
    with provider.compute.vms.watch() as watch:
        assert next_events(watch, 4) == ["ADDED a", "SYNCED", "ADDED b resynced", "DELETED a resynced"]
    assert session.opened == [None, "1", None]


def test_after_any_error_the_watch_continues_from_its_cursor() -> None:
    provider, session = scripted()
    torn = ScriptedFeed(batch("a", cursor="1", synced=True), hvlib.ProtocolError("half a reply"), batch("lost"))
    session.feeds.extend([torn, ScriptedFeed(batch("a=halted", cursor="2", synced=True))])
    with provider.compute.vms.watch() as watch:
        assert next_events(watch, 2) == ["ADDED a", "SYNCED"]
        with pytest.raises(hvlib.ProtocolError):
            watch.next(timeout=5)
        assert next_events(watch, 1) == ["MODIFIED a resynced"]
    assert session.opened == [None, "1"]
    assert torn.closed == 1


def test_an_interrupted_snapshot_deletes_nothing() -> None:
    provider, session = scripted()
    session.feeds += [
        ScriptedFeed(batch("a", "b", synced=True), hvlib.ConnectionFailed("reset")),
        ScriptedFeed(batch("a"), hvlib.ConnectionFailed("reset")),
        ScriptedFeed(batch("b"), batch("a", "c", synced=True)),
    ]
    with provider.compute.vms.watch() as watch:
        assert next_events(watch, 4) == ["ADDED a", "ADDED b", "SYNCED", "ADDED c resynced"]


def test_an_object_of_an_interrupted_snapshot_can_be_missing_in_the_next_one() -> None:
    provider, session = scripted()
    session.feeds += [
        ScriptedFeed(batch("a", "b"), hvlib.ConnectionFailed("reset")),
        ScriptedFeed(batch("a", synced=True)),
    ]
    with provider.compute.vms.watch() as watch:
        assert next_events(watch, 4) == ["ADDED a", "ADDED b", "DELETED b resynced", "SYNCED"]


def test_known_gives_the_difference_on_any_server() -> None:
    provider, session = scripted(a={}, b={}, c={"power_state": "halted"})
    known = provider.compute.vms.get_all_records()
    session.feeds.append(ScriptedFeed(batch("a", "c", "d", synced=True)))
    with provider.compute.vms.watch(fields=["power_state"], known=known) as watch:
        assert next_events(watch, 4) == ["MODIFIED c", "ADDED d", "DELETED b", "SYNCED"]


def test_since_alone_raises_cursor_lost_where_deletions_would_be_missed() -> None:
    provider, session = scripted()
    session.feeds += [
        ScriptedFeed(batch("a"), batch("n", created=True), batch("-b", synced=True), hvlib.CursorLost("expired"))
    ]
    with provider.compute.vms.watch(since=WatchCursor("7")) as watch:
        event = watch.next(timeout=5)
        assert event is not None
        assert (event.type, event.changed) == ("MODIFIED", None)
        assert next_events(watch, 3) == ["ADDED n", "DELETED b", "SYNCED"]
        with pytest.raises(hvlib.CursorLost):
            watch.next(timeout=5)
    session.feeds.append(hvlib.CursorLost("other server"))
    with pytest.raises(hvlib.CursorLost):
        provider.compute.vms.watch(since=WatchCursor("7"))


def test_a_watch_of_several_collections_continues_too() -> None:
    provider, session = scripted(a={}, b={})
    known = provider.compute.vms.get_all_records()
    session.feeds += [ScriptedFeed(batch("a", synced=True)), ScriptedFeed(batch("b", synced=True, cursor="9"))]
    with provider.watch(provider.compute.vms, known=known) as watch:
        assert next_events(watch, 3) == ["MODIFIED a", "DELETED b", "SYNCED"]
    with provider.watch(provider.compute.vms, since=WatchCursor("7")) as watch:
        assert next_events(watch, 1) == ["MODIFIED b"]
    assert session.opened == [None, "7"]


def test_since_with_known_falls_back_on_comparing() -> None:
    provider, session = scripted(a={}, b={})
    known = provider.compute.vms.get_all_records()
    session.feeds += [hvlib.CursorLost("other server"), ScriptedFeed(batch("a", synced=True))]
    with provider.compute.vms.watch(fields=["power_state"], since=WatchCursor("7"), known=known) as watch:
        assert next_events(watch, 2) == ["DELETED b", "SYNCED"]


def test_ceasing_to_match_is_a_deletion() -> None:
    provider, session = scripted()
    session.feeds.append(
        ScriptedFeed(batch("a", "b=halted", synced=True), batch("a=halted"), batch("b"), batch("-a", "-b"))
    )
    with provider.compute.vms.watch(fields=["name_label"], power_state="running") as watch:
        assert next_events(watch, 5) == ["ADDED a", "SYNCED", "DELETED a", "ADDED b", "DELETED b"]


def test_an_outage_is_bounded() -> None:
    clock = FakeClock()
    provider, session = scripted(PAUSING, clock)
    session.feeds.append(ScriptedFeed(batch("a", synced=True), *[hvlib.ConnectionFailed("reset")] * 2))
    session.plan("feed", None, *[hvlib.ConnectionFailed("refused")] * 100)
    with provider.compute.vms.watch() as watch:
        next_events(watch, 2)
        began = clock.now()
        with pytest.raises(hvlib.ConnectionFailed, match="refused"):
            watch.next(timeout=600)
    assert 0 < clock.now() - began - PAUSING.max_outage <= 2


def test_a_server_that_answers_has_no_outage() -> None:
    """Even an answer without changes ends the outage."""
    clock = FakeClock()
    provider, session = scripted(PAUSING, clock)

    def idle(_: Query[Any]) -> Batch:
        clock.advance(2 * PAUSING.max_outage)
        return Batch()

    session.feeds += [
        ScriptedFeed(batch("a", synced=True), hvlib.ConnectionFailed("reset")),
        ScriptedFeed(idle, hvlib.ConnectionFailed("reset")),
        ScriptedFeed(batch("b", synced=True)),
    ]
    with provider.compute.vms.watch() as watch:
        next_events(watch, 2)
        assert set(next_events(watch, 2, timeout=600)) == {"DELETED a resynced", "ADDED b resynced"}


def test_deletions_that_could_not_be_read_raise_cursor_lost() -> None:
    """With only ``since`` a snapshot does not show which objects are gone, so the watch raises CursorLost."""
    provider, session = scripted()
    broken = Batch([Upsert(None)])  # type: ignore[arg-type]
    session.feeds += [
        ScriptedFeed(Batch(synced=True, cursor=WatchCursor("1")), broken),
        ScriptedFeed(batch("a", synced=True)),
    ]
    with provider.compute.vms.watch(since=WatchCursor("0")) as watch:
        next_events(watch, 1)
        with pytest.raises(hvlib.HvlibError):
            watch.next(timeout=5)
        with pytest.raises(hvlib.CursorLost):
            watch.next(timeout=5)


def test_one_waiter_and_close_from_another_thread() -> None:
    provider, session = scripted()
    feed = ScriptedFeed(batch(synced=True))
    session.feeds.append(feed)
    watch = provider.compute.vms.watch()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(list, watch)
        assert feed.waiting.wait(10)
        with pytest.raises(hvlib.ConcurrentWatch):
            next(watch)
        watch.close()
        assert [event.type for event in waiting.result(3)] == ["SYNCED"]
    assert feed.closed == 1
    assert list(watch) == []


def test_close_does_not_wait_for_a_server_that_does_not_answer() -> None:
    provider, session = scripted()
    frozen, answers = threading.Event(), threading.Event()

    def freeze() -> None:
        frozen.set()
        answers.wait(30)

    late = ScriptedFeed()
    session.feeds += [ScriptedFeed(batch(synced=True), hvlib.ConnectionFailed("reset")), late]
    session.plan("feed", None, freeze)
    watch = provider.compute.vms.watch()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(list, watch)
        assert frozen.wait(10)
        watch.close()
        assert len(waiting.result(3)) == 1
    answers.set()
    assert late.ended.wait(10)


def test_closing_drops_the_queued_events_too() -> None:
    provider, session = scripted()
    session.feeds.append(ScriptedFeed(batch("a", "b", "c", synced=True)))
    watch = provider.compute.vms.watch()
    next_events(watch, 1)
    watch.close()
    assert list(watch) == []


def test_a_signal_handler_may_close_the_watch_that_its_own_thread_waits_on() -> None:
    provider, session = scripted()
    feed = ScriptedFeed(batch(synced=True))
    session.feeds.append(feed)
    watch = provider.compute.vms.watch()

    def close(query: Query[Any]) -> Batch:  # Called in the middle of next(), like a signal handler.
        watch.close()
        return Batch()

    feed.steps.append(close)
    assert [event.type for event in watch] == ["SYNCED"]
    assert provider.about
    assert feed.closed == 1


def test_a_timeout_of_zero_reads_once() -> None:
    provider, session = scripted()
    session.feeds.append(ScriptedFeed(batch("a", synced=True)))
    with provider.compute.vms.watch() as watch:
        event = watch.next(timeout=0)
        assert event is not None
        assert event.type == "ADDED"
        assert watch.next(timeout=0) is not None
        with pytest.raises(hvlib.WaitTimeout):
            watch.next(timeout=0)


def test_a_feed_that_breaks_again_and_again_is_not_opened_in_a_loop() -> None:
    slow = RetryPolicy(max_retries=0, backoff=lambda attempt, error: 20.0, max_outage=600.0)
    provider, session = scripted(slow, FakeClock())
    for _ in range(5):
        session.feeds.append(ScriptedFeed(batch("a", synced=True, cursor="1"), hvlib.CursorLost("overflow")))
    with provider.compute.vms.watch() as watch:
        next_events(watch, 2)
        with pytest.raises(hvlib.WaitTimeout):
            watch.next(timeout=19)
        assert len(session.opened) == 2
        with pytest.raises(hvlib.WaitTimeout):
            watch.next(timeout=2)
    assert len(session.opened) == 3


def test_retry_after_is_obeyed_by_a_watch() -> None:
    provider, session = scripted(clock=FakeClock())
    session.feeds += [ScriptedFeed(batch(synced=True), hvlib.RateLimited("slow", retry_after=60.0)), ScriptedFeed()]
    with provider.compute.vms.watch() as watch:
        next_events(watch, 1)
        for timeout, opened in ((59, 1), (2, 2)):
            with pytest.raises(hvlib.WaitTimeout):
                watch.next(timeout=timeout)
            assert len(session.opened) == opened


def test_sessions_that_are_dropped_again_and_again_are_connection_failed() -> None:
    provider, session = scripted(PAUSING, FakeClock())
    for _ in range(100):
        session.feeds.append(ScriptedFeed(SessionLost("expired")))
    with provider.compute.vms.watch() as watch, pytest.raises(hvlib.ConnectionFailed, match="drops"):
        watch.next(timeout=600)


def test_a_record_that_cannot_be_applied_loses_no_other_event() -> None:
    provider, session = scripted()
    wrong = Batch([Upsert(None)], synced=True)  # type: ignore[arg-type]
    session.feeds += [
        ScriptedFeed(lambda query: Batch([*batch("a")(query).changes, *wrong.changes])),
        ScriptedFeed(batch("a", "b", synced=True)),
    ]
    with provider.compute.vms.watch() as watch:
        with pytest.raises(hvlib.ProtocolError):
            watch.next(timeout=5)
        assert next_events(watch, 3) == ["ADDED a", "ADDED b resynced", "SYNCED"]


@pytest.mark.parametrize("known", [{"a": 1}, {Ref(UUID, "Host", "h"): 1}])
def test_known_records_must_be_of_the_watched_kinds(known: Any) -> None:
    provider, _ = scripted()
    with pytest.raises(hvlib.InvalidQuery):
        provider.compute.vms.watch(known=known)


def test_a_watch_keeps_its_provider() -> None:
    provider, session = scripted()
    session.feeds.append(ScriptedFeed(batch("a", synced=True)))
    watch = provider.compute.vms.watch()
    del provider
    gc.collect()
    event = watch.next(timeout=5)
    assert event is not None
    assert session.closed == 0
    watch.close()


def test_closing_the_provider_raises_closed_in_the_wait() -> None:
    provider, session = scripted()
    feed = ScriptedFeed(batch(synced=True))
    session.feeds.append(feed)
    watch = provider.compute.vms.watch()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(list, watch)
        assert feed.waiting.wait(10)
        provider.close()
        assert isinstance(waiting.exception(3), hvlib.Closed)


def test_an_unreferenced_watch_frees_its_feed() -> None:
    provider, session = scripted()
    feed = ScriptedFeed(batch("a", synced=True))
    session.feeds.append(feed)
    watch = provider.compute.vms.watch()
    next(watch)
    del watch
    gc.collect()
    assert provider.about
    assert feed.closed == 1


def test_a_polling_feed_is_called_again_only_after_its_pause() -> None:
    provider, session = scripted(clock=FakeClock())
    polls = threading.Event()

    def late(query: Query[Any]) -> Batch:
        polls.set()
        return Batch()

    session.feeds.append(ScriptedFeed(Batch(synced=True, poll_after=60.0), late))
    with provider.compute.vms.watch() as watch:
        assert next_events(watch, 1) == ["SYNCED"]
        with pytest.raises(hvlib.WaitTimeout):
            watch.next(timeout=59)
        assert not polls.is_set()
        with pytest.raises(hvlib.WaitTimeout):
            watch.next(timeout=2)
    assert polls.is_set()


def test_collections_of_another_provider_are_refused() -> None:
    provider, _ = scripted()
    other, _ = scripted()
    with pytest.raises(hvlib.InvalidQuery):
        provider.watch(other.compute.vms)
    with pytest.raises(hvlib.InvalidQuery):
        provider.watch()


def test_a_wait_is_bounded_also_while_the_server_does_not_answer() -> None:
    provider, session = scripted(a={})
    vm = provider.compute.vms.get_all().one()
    answers = threading.Event()
    session.feeds.append(ScriptedFeed())
    session.plan("feed", lambda: answers.wait(30))
    with pytest.raises(hvlib.WaitTimeout, match="not power_state=halted"):
        vm.wait_for(power_state="halted", timeout=0.1)
    answers.set()


def test_a_wait_uses_the_providers_clock() -> None:
    clock, answers = FakeClock(), threading.Event()
    provider, session = scripted(clock=clock, a={})
    vm = provider.compute.vms.get_all().one()

    session.feeds.append(ScriptedFeed())
    session.plan("feed", lambda: answers.wait(30))
    began, really_began = clock.now(), time.monotonic()
    with pytest.raises(hvlib.WaitTimeout, match="not power_state=halted"):
        vm.wait_for(power_state="halted", timeout=60)
    assert clock.now() - began == 60.0
    assert time.monotonic() - really_began < 10.0
    answers.set()


def test_wait_for_ends_when_the_values_match_or_the_object_is_gone() -> None:
    provider, session = scripted(a={})
    vm = provider.compute.vms.get_all().one()
    session.feeds.append(ScriptedFeed(batch("a", synced=True), batch("a=halted")))
    assert vm.wait_for(power_state="halted", timeout=5).power_state == "halted"
    session.feeds.append(ScriptedFeed(batch("a", synced=True), batch("-a")))
    with pytest.raises(hvlib.NotFound):
        vm.wait_for(power_state="halted", timeout=5)
    session.feeds.append(ScriptedFeed(batch(synced=True)))
    with pytest.raises(hvlib.NotFound):
        vm.wait_for(power_state="halted", timeout=5)
    session.feeds.append(ScriptedFeed(batch("a", synced=True)))
    with pytest.raises(hvlib.WaitTimeout, match="not power_state=halted"):
        vm.wait_for(power_state="halted", timeout=0.05)
    with pytest.raises(hvlib.InvalidQuery):
        vm.wait_for(power_state="off")
