"""The page that is fetched while the one before it is consumed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from scripted.clock import FakeClock
from scripted.driver import ScriptedVMs
from scripted.listings import PATIENCE, Hold, fetching, nine, settle

import hvlib


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    settle()


def take(items: Iterator[hvlib.VM], number: int) -> str:
    return "".join(next(items).name_label for _ in range(number))


def test_nothing_is_fetched_ahead_during_the_first_page() -> None:
    provider, session = nine()
    items = iter(provider.compute.vms.get_all())
    assert take(items, 2) == "ab"
    assert fetching() == []
    assert session.log.count("page") == 1


def test_from_the_second_page_on_one_page_is_fetched_ahead() -> None:
    provider, session = nine()
    items = iter(provider.compute.vms.get_all())
    assert take(items, 3) == "abc"
    settle()
    assert session.log.count("page") == 3
    assert take(items, 1) == "d"
    assert session.log.count("page") == 3
    assert take(items, 1) == "e"
    settle()
    assert session.log.count("page") == 4
    assert take(items, 4) == "fghi"
    assert next(items, None) is None
    assert session.log.count("page") == 5
    assert session.released == []


def test_a_page_is_consumed_while_the_next_one_is_on_its_way() -> None:
    provider, session = nine()
    slow = Hold()
    session.plan("page", None, None, slow)
    items = iter(provider.compute.vms.get_all())
    assert take(items, 4) == "abcd"
    assert slow.asked.wait(PATIENCE)
    slow.answer.set()
    assert take(items, 5) == "efghi"


@pytest.mark.parametrize("read", [list, lambda pager: pager.all(), lambda pager: [*pager.pages()]])
def test_no_page_is_fetched_twice(
    read: Callable[[hvlib.Pager[hvlib.VM]], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, _ = nine()
    page, asked = ScriptedVMs.page, []
    monkeypatch.setattr(
        ScriptedVMs, "page", lambda vms, query, after: (asked.append(after), page(vms, query, after))[1]
    )
    read(provider.compute.vms.get_all())
    assert asked == [None, "b", "d", "f", "h"]


def test_an_error_is_raised_when_its_page_is_needed() -> None:
    provider, session = nine()
    session.plan("page", None, None, hvlib.PermissionDenied("no"))
    items = iter(provider.compute.vms.get_all())
    assert take(items, 3) == "abc"
    settle()
    assert take(items, 1) == "d"
    with pytest.raises(hvlib.PermissionDenied) as caught:
        next(items)
    assert caught.value.provider is provider
    assert provider.about
    assert session.released == ["d"]


def test_a_fetch_is_repeated_like_any_read() -> None:
    provider, session = nine()
    session.plan("page", None, None, hvlib.ConnectionFailed("reset"), hvlib.RateLimited("slow"))
    assert len(provider.compute.vms.get_all().all()) == 9
    assert session.log.count("page") == 7


def test_a_fetch_pauses_by_the_providers_clock() -> None:
    clock = FakeClock()
    provider, session = nine(hvlib.RetryPolicy(backoff=lambda attempt, error: 60.0, max_elapsed=600.0), clock)
    session.plan("page", None, None, hvlib.ConnectionFailed("reset"), hvlib.RateLimited("slow", retry_after=90.0))
    began, really_began = clock.now(), time.monotonic()
    assert len(provider.compute.vms.get_all().all()) == 9
    assert clock.now() - began == 60.0 + 90.0
    assert time.monotonic() - really_began < 10.0


def test_all_starts_over_once_after_a_token_was_lost_ahead() -> None:
    provider, session = nine()
    session.plan("page", None, None, hvlib.CursorLost("gone"))
    assert len(provider.compute.vms.get_all().all()) == 9


def test_without_a_thread_pages_are_fetched_when_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread can be started when the interpreter exits."""
    provider, session = nine()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert len(provider.compute.vms.get_all().all()) == 9
    assert session.log.count("page") == 5


def test_pages_are_not_fetched_ahead_where_tokens_need_the_listing() -> None:
    provider, session = nine()
    session.tokens = False
    vms = provider.compute.vms
    pages = vms.get_all().pages()
    next(pages)
    token = next(pages).next
    assert fetching() == []
    assert session.log.count("page") == 2
    assert [vm.name_label for vm in vms.get_all(after=token)] == list("efghi")
    with pytest.raises(hvlib.CursorLost, match="another iteration"):
        next(pages)


def test_pages_are_fetched_ahead_where_tokens_are_valid_without_the_listing() -> None:
    provider, session = nine()
    vms = provider.compute.vms
    with vms.get_all() as pager:
        pages = pager.pages()
        next(pages)
        assert fetching() == []
        assert session.log.count("page") == 1
        token = next(pages).next
        settle()
        assert session.log.count("page") == 3
        assert [vm.name_label for vm in vms.get_all(after=token)] == list("efghi")
    assert session.released == ["f"]
