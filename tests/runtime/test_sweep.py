"""The feed for servers that keep no changes: it lists and compares."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest
from scripted.driver import ScriptedSession, ScriptedVMs, scripted

import hvlib
from hvlib.api.provider import Provider
from hvlib.driver import REFS_PER_CALL, Batch, Feed, Page, PageToken, Ref, Upsert
from hvlib.model.event import EventType
from hvlib.runtime.sweep import SweepFeed

PATIENCE = 10.0


def swept(provider: Provider, session: ScriptedSession, refs: Sequence[Ref] | None = None) -> Feed:
    """A sweeping feed of all VMs, or of the VMs of ``refs``."""
    return SweepFeed(session.adapters, [provider.compute.vms.query(refs=refs)], None, session.poll_interval)


def changes(batch: Batch) -> list[str]:
    return [
        f"+{change.record.ref.id}" if isinstance(change, Upsert) else f"-{change.ref.id}" for change in batch.changes
    ]


def test_a_sweep_reports_the_differences_of_all_pages() -> None:
    provider, session = scripted(a={}, b={}, c={}, d={}, e={})
    feed = swept(provider, session)
    first = feed.next(PATIENCE)
    assert (changes(first), first.synced) == (["+a", "+b", "+c", "+d", "+e"], True)
    assert changes(feed.next(PATIENCE)) == []
    del session.vms["b"]
    session.vms["e"]["power_state"] = "halted"
    session.vms["f"] = {**session.vms["a"]}
    assert changes(feed.next(PATIENCE)) == ["-b", "+e", "+f"]
    feed.close()
    with pytest.raises(hvlib.Closed):
        feed.next(PATIENCE)


def test_an_object_that_moves_to_another_page_has_not_changed() -> None:
    provider, session = scripted(b={}, c={}, d={}, e={})
    feed = swept(provider, session)
    feed.next(PATIENCE)
    session.vms["a"] = {**session.vms["b"]}
    assert changes(feed.next(PATIENCE)) == ["+a"]


def test_an_object_on_two_pages_is_reported_once_with_its_last_values() -> None:
    provider, session = scripted(a={}, b={}, c={}, d={})
    pages = iter([["a", "b"], ["b", "c", "d"]])

    def listed(*_: object) -> object:
        page = list(next(pages))
        session.vms["b"]["vcpus"] += 1
        records = [vms.record(id, query) for id in page]
        return Page(records, PageToken("more") if page[0] == "a" else None)

    query = provider.compute.vms.query()
    vms = session.adapters[hvlib.VM]
    vms.page = listed  # type: ignore[method-assign]
    feed = SweepFeed({hvlib.VM: vms}, [query], None, 1.0)
    batch = feed.next(PATIENCE)
    assert changes(batch) == ["+a", "+b", "+c", "+d"]
    assert [change.record.vcpus for change in batch.changes if change.record.ref.id == "b"] == [3]


def test_the_pause_between_sweeps_is_the_interval() -> None:
    provider, session = scripted(a={})
    assert {swept(provider, session).next(PATIENCE).poll_after} == {10.0}
    session.poll_interval = 0.5
    feed = swept(provider, session)
    assert [feed.next(PATIENCE).poll_after for _ in range(3)] == [0.5] * 3


def test_a_watch_of_a_sweep_has_no_cursor() -> None:
    """No feed could continue from one. After a failure the next feed's snapshot is compared with the known records."""
    provider, session = scripted(a={}, b={})
    session.poll_interval = 0.01
    session.feeds.extend([swept(provider, session), swept(provider, session)])
    with provider.compute.vms.watch() as watch:
        assert [next(watch).type for _ in range(3)] == [EventType.ADDED, EventType.ADDED, EventType.SYNCED]
        session.plan("page", hvlib.ConnectionFailed("broken"))
        del session.vms["a"]
        event = watch.next(timeout=PATIENCE)
        assert event is not None
        assert (event.type, event.ref and event.ref.id, event.resynced) == (EventType.DELETED, "a", True)
        assert watch.cursor is None
    assert session.opened == [None, None]
    with pytest.raises(hvlib.CursorLost):
        SweepFeed(session.adapters, [], hvlib.WatchCursor("1"), 1.0)


def test_chosen_objects_are_read_in_as_few_calls_as_possible() -> None:
    provider, session = scripted(**{f"vm{number:03}": {} for number in range(REFS_PER_CALL + 1)})
    refs = [vm.ref for vm in provider.compute.vms.get_all(fields=[])]
    feed = swept(provider, session, refs)
    with provider.count_requests() as requests:
        assert len(feed.next(PATIENCE).changes) == REFS_PER_CALL + 1
    assert requests.calls == {"get": 2}


def test_chosen_objects_are_read_with_growing_pauses() -> None:
    """A change is seen late by at most half of the time that it took. The pauses grow up to the interval."""
    provider, session = scripted(a={})
    refs = [vm.ref for vm in provider.compute.vms.get_all(fields=[])]
    feed = swept(provider, session, refs)
    pauses = [feed.next(PATIENCE).poll_after for _ in range(20)]
    assert pauses[0] <= 0.1
    assert all(pause <= 0.1 + sum(pauses[:number]) / 2 + 1e-9 for number, pause in enumerate(pauses))
    assert pauses == sorted(pauses)
    assert pauses[-1] == 10.0
    session.poll_interval = 0.05
    assert swept(provider, session, refs).next(PATIENCE).poll_after == 0.05


def test_a_sweep_that_fails_does_not_change_the_known_records() -> None:
    provider, session = scripted(a={}, b={}, c={}, d={})
    feed = swept(provider, session)
    feed.next(PATIENCE)
    del session.vms["d"]
    session.vms["a"]["vcpus"] = 2
    session.plan("page", None, hvlib.ConnectionFailed("on the second page"))
    with pytest.raises(hvlib.ConnectionFailed):
        feed.next(PATIENCE)
    assert changes(feed.next(PATIENCE)) == ["-d", "+a"]


def test_a_call_ends_although_the_server_does_not_answer() -> None:
    """The call ends after its time-out, or when it is interrupted. The sweep continues, and its result comes later."""
    provider, session = scripted(a={})
    feed = swept(provider, session)
    answering, asked = threading.Event(), threading.Event()

    def answer() -> None:
        asked.set()
        answering.wait(PATIENCE)

    session.plan("page", answer)
    assert feed.next(0.01) == Batch(pending=True)
    assert asked.wait(PATIENCE)
    interrupting = threading.Timer(0.05, feed.interrupt)
    interrupting.start()
    began = time.monotonic()
    assert feed.next(PATIENCE) == Batch(pending=True)
    assert time.monotonic() - began < 1.0
    interrupting.join()
    feed.interrupt()  # No call waits now: the next one ends at once.
    assert feed.next(PATIENCE) == Batch(pending=True)
    answering.set()
    assert changes(feed.next(PATIENCE)) == ["+a"]
    assert session.log.count("page") == 1


def test_closing_a_watch_does_not_wait_for_its_sweep() -> None:
    provider, session = scripted(a={}, b={}, c={})
    answering, asked = threading.Event(), threading.Event()
    sweeping: list[threading.Thread] = []

    def answer() -> None:
        sweeping.append(threading.current_thread())
        asked.set()
        answering.wait(PATIENCE)

    session.feeds.append(swept(provider, session))
    session.plan("page", answer)
    watch = provider.compute.vms.watch()
    waiting = threading.Thread(target=watch.next)
    waiting.start()
    assert asked.wait(PATIENCE)
    began = time.monotonic()
    watch.close()
    waiting.join()
    assert time.monotonic() - began < 1.0
    answering.set()
    sweeping[0].join()
    assert session.log.count("page") == 1, "the sweep ends with its page"


def test_a_listing_without_an_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, session = scripted(a={}, b={}, c={})
    feed = swept(provider, session)
    others = {None: PageToken("a"), "a": PageToken("b"), "b": PageToken("a")}
    monkeypatch.setattr(ScriptedVMs, "page", lambda vms, query, after: Page([], others[after]))
    with pytest.raises(hvlib.ProtocolError, match=r"(no|never) end"):
        feed.next(PATIENCE)


def test_a_sweep_that_fails_frees_what_the_server_holds() -> None:
    provider, session = scripted(a={}, b={}, c={})
    feed = swept(provider, session)
    session.plan("page", None, hvlib.ConnectionFailed("reset"))
    with pytest.raises(hvlib.ConnectionFailed):
        feed.next(PATIENCE)
    assert session.released == ["b"]
