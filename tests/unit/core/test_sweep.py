"""The watch of servers that tell nothing: list and compare."""

from __future__ import annotations

from scripted.driver import scripted

import hvlib
from hvlib.driver import Batch, Session, Upsert


def changes(batch: Batch) -> list[str]:
    return sorted(
        f"+{change.record.ref.id}" if isinstance(change, Upsert) else f"-{change.ref.id}" for change in batch.changes
    )


def test_it_tells_what_differs_over_all_pages() -> None:
    provider, session = scripted(a={}, b={}, c={}, d={}, e={})
    query = provider.compute.vms._query()
    feed = Session.feed(session, [query], None)
    first = feed.next(1)
    assert (changes(first), first.synced) == (["+a", "+b", "+c", "+d", "+e"], True)
    assert first.poll_after > 1
    assert changes(feed.next(1)) == []
    del session.vms["b"]
    session.vms["e"]["power_state"] = "halted"
    session.vms["f"] = {**session.vms["a"]}
    assert changes(feed.next(1)) == ["+e", "+f", "-b"]
    feed.interrupt()
    assert (changes(feed.next(1)), changes(feed.next(1))) == ([], [])
    feed.close()


def test_it_reads_chosen_refs_in_one_call_and_resumes_nothing() -> None:
    import pytest

    provider, session = scripted(a={}, b={})
    refs = [vm.ref for vm in provider.compute.vms.get_all(name_label="a")]
    feed = Session.feed(session, [provider.compute.vms._query(refs=refs)], None)
    with provider.count_requests() as requests:
        assert changes(feed.next(1)) == ["+a"]
    assert requests.calls == {"get": 1}
    with pytest.raises(hvlib.CursorLost):
        Session.feed(session, [], hvlib.WatchCursor("1"))
