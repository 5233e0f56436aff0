"""The wait for an event: its time-out, and who may end it."""

from __future__ import annotations

import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from scripted.batches import batch, next_events
from scripted.clock import FakeClock
from scripted.driver import ScriptedFeed, scripted

import hvlib
from hvlib.driver import Batch
from hvlib.model.query import Query


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
