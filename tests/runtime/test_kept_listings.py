"""Listings whose page tokens were handed out: how long they are kept, and when the server's resources are freed."""

from __future__ import annotations

import gc

import pytest
from scripted.clock import FakeClock
from scripted.listings import PATIENCE, Hold, begun, in_thread, names, nine, settle

import hvlib
from hvlib.runtime.kept_listings import KEPT_SECONDS, MAX_KEPT


@pytest.fixture(params=[True, False], ids=["tokens", "no-tokens"])
def tokens(request: pytest.FixtureRequest) -> bool:
    """Whether the server's tokens are valid without the listing."""
    return bool(request.param)


def test_closing_the_earlier_pager_does_not_end_a_listing_that_was_taken_over() -> None:
    provider, session = nine(tokens=False)
    vms = provider.compute.vms
    with vms.get_all() as pager:
        token = next(iter(pager.pages())).next
        later = vms.get_all(after=token).pages()
        token = next(later).next
    assert session.released == []
    assert names(vms.get_all(after=token)) == "efghi"


def test_closing_while_a_page_is_fetched_frees_the_rest_once() -> None:
    provider, session = nine(tokens=False)
    pager = provider.compute.vms.get_all()
    listing = pager.pages()
    token = next(listing).next
    slow = Hold()
    session.plan("page", slow)
    thread, outcome = in_thread(lambda: next(listing))
    assert slow.asked.wait(PATIENCE)
    pager.close()
    assert session.released == []
    slow.answer.set()
    thread.join(PATIENCE)
    assert isinstance(outcome[0], hvlib.CursorLost)
    assert session.released == ["d"]
    with pytest.raises(hvlib.CursorLost, match="closed"):
        next(listing)
    with pytest.raises(hvlib.CursorLost):
        provider.compute.vms.get_all(after=token).all()
    assert session.released == ["d"]


def test_closing_while_the_first_page_is_fetched_frees_the_rest() -> None:
    provider, session = nine(tokens=False)
    pager = provider.compute.vms.get_all()
    listing = pager.pages()
    slow = Hold()
    session.plan("page", slow)
    thread, outcome = in_thread(lambda: next(listing))
    assert slow.asked.wait(PATIENCE)
    pager.close()
    slow.answer.set()
    thread.join(PATIENCE)
    assert isinstance(outcome[0], hvlib.CursorLost)
    assert provider.about
    assert session.released == ["b"]


def test_threads_that_share_an_iteration_get_each_page_once() -> None:
    provider, session = nine(tokens=False)
    listing = provider.compute.vms.get_all().pages()
    slow = Hold()
    session.plan("page", slow)
    first, one = in_thread(lambda: next(listing).items)
    assert slow.asked.wait(PATIENCE)
    second, two = in_thread(lambda: next(listing).items)
    slow.answer.set()
    first.join(PATIENCE)
    second.join(PATIENCE)
    assert (names(one[0]), names(two[0])) == ("ab", "cd")


def test_the_oldest_of_too_many_listings_are_dropped_and_freed_once() -> None:
    provider, session = nine(tokens=False)
    kept = [begun(provider)[1] for _ in range(MAX_KEPT + 2)]
    gc.collect()
    assert provider.about
    assert session.released == ["b", "b"]
    vms = provider.compute.vms
    for token in kept[:2]:
        with pytest.raises(hvlib.CursorLost):
            vms.get_all(after=token).all()
    assert [names(vms.get_all(after=token)) for token in kept[2:]] == ["cdefghi"] * MAX_KEPT
    assert session.released == ["b", "b"]


def test_a_listing_that_is_not_kept_any_more_can_still_be_iterated() -> None:
    provider, session = nine(tokens=False)
    listing, _ = begun(provider)
    kept = [begun(provider) for _ in range(MAX_KEPT)]
    assert names(vm for page in listing for vm in page.items) == "cdefghi"
    assert session.released == []
    del kept


def test_a_listing_is_kept_for_a_time_after_its_last_page() -> None:
    clock = FakeClock()
    provider, session = nine(clock=clock, tokens=False)
    listing, _ = begun(provider)
    clock.advance(KEPT_SECONDS - 1)
    token = next(listing).next
    del listing
    clock.advance(KEPT_SECONDS - 1)
    assert provider.about
    assert session.released == []
    clock.advance(2)
    assert provider.about
    assert session.released == ["d"]
    with pytest.raises(hvlib.CursorLost):
        provider.compute.vms.get_all(after=token).all()


def test_a_token_outlives_its_iteration() -> None:
    provider, session = nine(tokens=False)
    token = begun(provider)[1]
    gc.collect()
    assert provider.about
    assert session.released == []
    assert names(provider.compute.vms.get_all(after=token)) == "cdefghi"


def test_a_listing_that_was_taken_over_and_abandoned_is_freed() -> None:
    provider, session = nine(tokens=False)
    _, token = begun(provider)
    assert provider.compute.vms.get_all(after=token).first() is not None
    assert session.released == ["d"]
    assert provider.about
    assert session.released == ["d"]


def test_an_unreferenced_provider_logs_out_although_its_listings_are_kept(tokens: bool) -> None:
    provider, session = nine(tokens=tokens)
    kept = [begun(provider)[1] for _ in range(3)]
    listing = provider.compute.vms.get_all().pages()
    next(listing)
    next(listing)
    settle()
    del provider, listing
    gc.collect()
    assert session.closed == 1
    assert len(kept) == 3


def test_pages_keep_their_provider() -> None:
    listing, session = (lambda made: (made[0].compute.vms.get_all().pages(), made[1]))(nine(tokens=False))
    gc.collect()
    assert session.closed == 0
    assert next(listing).items[0].ref.get().name_label == "a"


def test_a_closed_provider_raises_closed_whatever_the_token() -> None:
    provider, session = nine(tokens=False)
    listing, token = begun(provider)
    vms = provider.compute.vms
    provider.close()
    for call in (lambda: next(listing), lambda: vms.get_all(after=token).all()):
        with pytest.raises(hvlib.Closed):
            call()
    assert session.released == []


def test_an_error_of_the_driver_while_freeing_is_a_driver_bug() -> None:
    provider, session = nine(tokens=False)
    session.plan("close", KeyError("x"))
    pager = provider.compute.vms.get_all()
    next(pager.pages())
    with pytest.raises(hvlib.DriverBug, match="KeyError"):
        pager.close()


def test_finished_listings_are_not_kept() -> None:
    provider, _ = nine(tokens=False)
    _, token = begun(provider)
    vms = provider.compute.vms
    for _ in range(2 * MAX_KEPT):
        assert len(list(vms.get_all().pages())) == 5
    assert names(vms.get_all(after=token)) == "cdefghi"


def test_the_order_of_filters_does_not_matter() -> None:
    provider, _ = nine(tokens=False)
    vms = provider.compute.vms
    first = next(vms.get_all(name_label=["a", "e", "h"], power_state="running").pages())
    assert names(vms.get_all(power_state="running", name_label=["h", "e", "a"], after=first.next)) == "eh"
