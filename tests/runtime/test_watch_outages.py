"""The pauses of a watch while its server can't be reached, and how long an outage may last."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from scripted.batches import batch, next_events
from scripted.clock import FakeClock
from scripted.driver import ScriptedFeed, scripted

import hvlib
from hvlib.driver import Batch, SessionLost
from hvlib.model.query import Query
from hvlib.runtime.retry import RetryPolicy

PAUSING = RetryPolicy(max_retries=0, backoff=lambda attempt, error: 1.0, max_outage=60.0)


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
