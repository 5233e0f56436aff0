"""Listings whose page tokens were handed out: who goes on with them, for how long they are kept, and what is freed."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from scripted.clock import FakeClock
from scripted.driver import QUICK, ScriptedSession, scripted

import hvlib
from hvlib.api.provider import Provider
from hvlib.runtime.kept_listings import KEPT_SECONDS, MAX_KEPT

PATIENCE = 10.0


def nine(clock: FakeClock | None = None, *, tokens: bool = False) -> tuple[Provider, ScriptedSession]:
    """Five pages of two VMs, a to i. Without ``tokens`` only the listing itself can go on."""
    provider, session = scripted(QUICK, clock, **{name: {"vcpus": ord(name)} for name in "abcdefghi"})
    session.tokens = tokens
    return provider, session


def names(items: Any) -> str:
    return "".join(vm.name_label for vm in items)


def begun(provider: Provider, pages: int = 1, **query: Any) -> tuple[Iterator[hvlib.Page[hvlib.VM]], hvlib.PageToken]:
    """A listing that has given so many pages, and the token of the last one."""
    listing = provider.compute.vms.get_all(**query).pages()
    token = [next(listing).next for _ in range(pages)][-1]
    assert token is not None
    return listing, token


@pytest.fixture(params=[True, False], ids=["tokens", "no-tokens"])
def tokens(request: pytest.FixtureRequest) -> bool:
    """Whether the server's tokens are good without the listing."""
    return bool(request.param)


def test_who_uses_a_token_takes_the_listing_over(tokens: bool) -> None:
    provider, session = nine(tokens=tokens)
    earlier, token = begun(provider)
    assert names(provider.compute.vms.get_all(after=token)) == "cdefghi"
    assert session.log.count("page") == 5
    for _ in range(2):
        with pytest.raises(hvlib.CursorLost, match="another iteration") as caught:
            next(earlier)
        assert caught.value.provider is provider
    assert session.released == []


def test_a_token_is_used_once_where_the_server_has_none_of_its_own() -> None:
    provider, _ = nine()
    _, token = begun(provider)
    vms = provider.compute.vms
    assert names(vms.get_all(after=token)) == "cdefghi"
    with pytest.raises(hvlib.CursorLost):
        vms.get_all(after=token).all()


def test_a_second_use_begins_from_the_servers_own_token() -> None:
    provider, _ = nine(tokens=True)
    earlier, token = begun(provider)
    vms = provider.compute.vms
    first, second = vms.get_all(after=token).pages(), vms.get_all(after=token).pages()
    assert [names(next(pages).items) for pages in (first, second, first, second)] == ["cd", "cd", "ef", "ef"]
    with pytest.raises(hvlib.CursorLost):
        next(earlier)


def test_a_token_is_good_in_another_process_where_the_servers_is(tokens: bool) -> None:
    provider, _ = nine(tokens=tokens)
    _, token = begun(provider)
    other, _ = nine(tokens=tokens)
    if tokens:
        assert names(other.compute.vms.get_all(after=token)) == "cdefghi"
    else:
        with pytest.raises(hvlib.CursorLost):
            other.compute.vms.get_all(after=token).all()


@pytest.mark.parametrize("text", ["", "x", "x:y", "0123456789ab", "0123456789ab:", "🙂" * 12])
def test_what_is_no_token_is_lost(text: str, tokens: bool) -> None:
    provider, _ = nine(tokens=tokens)
    begun(provider)
    with pytest.raises(hvlib.CursorLost) as caught:
        provider.compute.vms.get_all(after=hvlib.PageToken(text)).all()
    assert caught.value.provider is provider


@pytest.mark.parametrize("other", [{"fields": ["vcpus"]}, {"vcpus": 104}, {"fields": ["name_label"]}, {"native": True}])
def test_other_fields_or_filters_do_not_go_on_with_the_listing(other: dict[str, Any], tokens: bool) -> None:
    provider, _ = nine(tokens=tokens)
    earlier, token = begun(provider)
    vms = provider.compute.vms
    if tokens:
        assert [vm.ref.id for vm in vms.get_all(after=token, **other)] == list("h" if "vcpus" in other else "cdefghi")
    else:
        with pytest.raises(hvlib.CursorLost):
            vms.get_all(after=token, **other).all()
    assert names(vm for page in earlier for vm in page.items) == "cdefghi"


def test_a_listing_with_filters_goes_on_with_the_same_ones(tokens: bool) -> None:
    provider, _ = nine(tokens=tokens)
    query = {"name_label": hvlib.glob("[beh]"), "fields": ["name_label"]}
    _, token = begun(provider, **query)
    assert names(provider.compute.vms.get_all(after=token, **query)) == "eh"


def test_another_page_size_begins_from_the_servers_token_or_is_not_heeded(tokens: bool) -> None:
    provider, _ = nine(tokens=tokens)
    _, token = begun(provider)
    pages = list(provider.compute.vms.get_all(after=token, page_size=3).pages())
    assert [names(page.items) for page in pages] == (["cde", "fgh", "i"] if tokens else ["cd", "ef", "gh", "i"])


def test_each_page_has_a_token_and_the_latest_alone_stands_for_the_listing() -> None:
    provider, session = nine()
    listing, first = begun(provider)
    second = next(listing).next
    vms = provider.compute.vms
    with pytest.raises(hvlib.CursorLost):
        vms.get_all(after=first).all()
    assert names(vms.get_all(after=second)) == "efghi"
    assert session.released == []


def test_a_listing_that_was_taken_over_is_taken_over_again() -> None:
    provider, session = nine()
    first, token = begun(provider)
    second = provider.compute.vms.get_all(after=token).pages()
    page = next(second)
    third = provider.compute.vms.get_all(after=page.next).pages()
    assert (names(page.items), names(next(third).items)) == ("cd", "ef")
    for earlier in (first, second):
        with pytest.raises(hvlib.CursorLost):
            next(earlier)
    del first, second, earlier
    gc.collect()
    assert provider.about
    assert names(vm for page in third for vm in page.items) == "ghi"
    assert session.released == []


def test_closing_the_earlier_pager_leaves_the_listing_to_who_took_it_over() -> None:
    provider, session = nine()
    vms = provider.compute.vms
    with vms.get_all() as pager:
        token = next(iter(pager.pages())).next
        later = vms.get_all(after=token).pages()
        token = next(later).next
    assert session.released == []
    assert names(vms.get_all(after=token)) == "efghi"


def test_after_an_error_its_token_is_good_again() -> None:
    provider, session = nine()
    earlier, token = begun(provider)
    session.plan("page", hvlib.PermissionDenied("no"))
    with pytest.raises(hvlib.PermissionDenied):
        next(earlier)
    assert names(provider.compute.vms.get_all(after=token)) == "cdefghi"
    with pytest.raises(hvlib.CursorLost):
        next(earlier)


def test_after_an_error_the_iteration_gives_the_page_that_was_kept_back(tokens: bool) -> None:
    provider, session = nine(tokens=tokens)
    session.plan("page", None, hvlib.PermissionDenied("no"), None, hvlib.PermissionDenied("no"))
    listing, _ = begun(provider)
    seen = ""
    for expected in ("", "cd", "", "ef", "gh", "i"):
        try:
            page = next(listing)
        except hvlib.PermissionDenied:
            assert expected == ""
        else:
            assert names(page.items) == expected
            seen += expected
    assert next(listing, None) is None
    assert seen == "cdefghi"


class Hold:
    """A page that does not come before it is told to."""

    def __init__(self) -> None:
        self.asked, self.answer = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.asked.set()
        assert self.answer.wait(PATIENCE)


def in_thread(call: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Call in a thread. The result or the error is in the list once the thread has ended."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(call())
        except hvlib.HvlibError as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def test_a_page_that_is_being_fetched_is_nobody_elses(tokens: bool) -> None:
    provider, session = nine(tokens=tokens)
    listing, token = begun(provider)
    slow = Hold()
    session.plan("page", slow)
    thread, outcome = in_thread(lambda: next(listing))
    assert slow.asked.wait(PATIENCE)
    if tokens:
        assert names(provider.compute.vms.get_all(after=token)) == "cdefghi"
    else:
        with pytest.raises(hvlib.CursorLost):
            provider.compute.vms.get_all(after=token).all()
    slow.answer.set()
    thread.join(PATIENCE)
    page = outcome[0]
    assert isinstance(page, hvlib.Page)
    assert names([*page.items, *(vm for page in listing for vm in page.items)]) == "cdefghi"


def test_closing_while_a_page_is_fetched_frees_the_rest_once() -> None:
    provider, session = nine()
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
    assert next(listing, None) is None
    with pytest.raises(hvlib.CursorLost):
        provider.compute.vms.get_all(after=token).all()
    assert session.released == ["d"]


def test_closing_while_the_first_page_is_fetched_frees_the_rest() -> None:
    provider, session = nine()
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
    provider, session = nine()
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


def test_an_interrupted_fetch_leaves_no_gap() -> None:
    """Nobody knows whether the page has passed: the listing can't go on, the server's own token can."""
    for tokens in (False, True):
        provider, session = nine(tokens=tokens)
        listing, token = begun(provider)
        session.plan("page", KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            next(listing)
        with pytest.raises(hvlib.CursorLost):
            next(listing)
        after = provider.compute.vms.get_all(after=token)
        if tokens:
            assert names(after) == "cdefghi"
        else:
            with pytest.raises(hvlib.CursorLost):
                after.all()


def test_of_many_listings_the_oldest_are_dropped_and_freed_once() -> None:
    provider, session = nine()
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


def test_the_iteration_of_a_listing_that_is_not_kept_any_more_goes_on() -> None:
    provider, session = nine()
    listing, _ = begun(provider)
    kept = [begun(provider) for _ in range(MAX_KEPT)]
    assert names(vm for page in listing for vm in page.items) == "cdefghi"
    assert session.released == []
    del kept


def test_a_listing_is_kept_for_a_time_after_its_last_page() -> None:
    clock = FakeClock()
    provider, session = nine(clock)
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
    provider, session = nine()
    token = begun(provider)[1]
    gc.collect()
    assert provider.about
    assert session.released == []
    assert names(provider.compute.vms.get_all(after=token)) == "cdefghi"


def test_who_took_a_listing_over_and_gives_it_up_frees_it() -> None:
    provider, session = nine()
    _, token = begun(provider)
    assert provider.compute.vms.get_all(after=token).first() is not None
    assert session.released == ["d"]
    assert provider.about
    assert session.released == ["d"]


def test_a_lost_session_is_no_end_of_a_listing(tokens: bool) -> None:
    provider, session = nine(tokens=tokens)
    _, token = begun(provider)
    session.plan("page", hvlib.driver.SessionLost("expired"))
    assert names(provider.compute.vms.get_all(after=token)) == "cdefghi"
    assert session.log.count("login") == 2


def test_a_forgotten_provider_logs_out_although_its_listings_are_kept(tokens: bool) -> None:
    provider, session = nine(tokens=tokens)
    kept = [begun(provider)[1] for _ in range(3)]
    listing = provider.compute.vms.get_all().pages()
    next(listing)
    next(listing)
    for thread in threading.enumerate():
        if thread.name == "hvlib-prefetch":
            thread.join(PATIENCE)
    del provider, listing
    gc.collect()
    assert session.closed == 1
    assert len(kept) == 3


def test_pages_keep_their_provider() -> None:
    listing, session = (lambda made: (made[0].compute.vms.get_all().pages(), made[1]))(nine())
    gc.collect()
    assert session.closed == 0
    assert next(listing).items[0].ref.get().name_label == "a"


def test_a_closed_provider_says_so_whatever_the_token() -> None:
    provider, session = nine()
    listing, token = begun(provider)
    vms = provider.compute.vms
    provider.close()
    for call in (lambda: next(listing), lambda: vms.get_all(after=token).all()):
        with pytest.raises(hvlib.Closed):
            call()
    assert session.released == []


def test_a_driver_that_fails_to_free_is_said_to_be_at_fault() -> None:
    provider, session = nine()
    session.plan("close", KeyError("x"))
    pager = provider.compute.vms.get_all()
    next(pager.pages())
    with pytest.raises(hvlib.DriverBug, match="KeyError"):
        pager.close()
