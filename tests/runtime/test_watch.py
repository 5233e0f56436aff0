"""The events of a watch, and how it continues after its feed broke."""

from __future__ import annotations

from typing import Any

import pytest
from scripted.batches import batch, next_events
from scripted.context import UUID
from scripted.driver import ScriptedFeed, scripted

import hvlib
from hvlib.driver import Batch, SessionLost, Upsert, WatchCursor
from hvlib.model.ref import Ref


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


def test_collections_of_another_provider_are_refused() -> None:
    provider, _ = scripted()
    other, _ = scripted()
    with pytest.raises(hvlib.InvalidQuery):
        provider.watch(other.compute.vms)
    with pytest.raises(hvlib.InvalidQuery):
        provider.watch()
