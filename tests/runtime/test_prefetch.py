"""The page that is fetched while the one before it is consumed."""

from __future__ import annotations

import gc
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from scripted.driver import QUICK, ScriptedSession, ScriptedVMs, scripted

import hvlib
from hvlib.api.provider import Provider

PATIENCE = 10.0
LATE = hvlib.RetryPolicy(max_retries=3, backoff=lambda attempt, error: 30.0)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    settle()


def nine(retry: hvlib.RetryPolicy = QUICK) -> tuple[Provider, ScriptedSession]:
    """Five pages of two VMs, a to i."""
    return scripted(retry, **{name: {} for name in "abcdefghi"})


def fetching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "hvlib-prefetch"]


def settle() -> None:
    for thread in fetching():
        thread.join(PATIENCE)
        assert not thread.is_alive()


def take(items: Iterator[hvlib.VM], number: int) -> str:
    return "".join(next(items).name_label for _ in range(number))


class Hold:
    """A server that does not answer before it is told to, nor then if it has an error for an answer."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.asked, self.answer = threading.Event(), threading.Event()
        self.error = error

    def __call__(self) -> None:
        self.asked.set()
        assert self.answer.wait(PATIENCE)
        if self.error is not None:
            raise self.error


def test_nothing_is_fetched_ahead_of_who_may_not_go_on() -> None:
    provider, session = nine()
    items = iter(provider.compute.vms.get_all())
    assert take(items, 2) == "ab"
    assert fetching() == []
    assert session.log.count("page") == 1


def test_who_goes_on_is_one_page_behind() -> None:
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
def test_no_token_is_asked_for_twice(
    read: Callable[[hvlib.Pager[hvlib.VM]], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, _ = nine()
    page, asked = ScriptedVMs.page, []
    monkeypatch.setattr(
        ScriptedVMs, "page", lambda vms, query, after: (asked.append(after), page(vms, query, after))[1]
    )
    read(provider.compute.vms.get_all())
    assert asked == [None, "b", "d", "f", "h"]


def test_an_error_waits_until_its_page_is_asked_for() -> None:
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


def test_a_fetch_is_repeated_as_any_read() -> None:
    provider, session = nine()
    session.plan("page", None, None, hvlib.ConnectionFailed("reset"), hvlib.RateLimited("slow"))
    assert len(provider.compute.vms.get_all().all()) == 9
    assert session.log.count("page") == 7


def test_all_starts_over_once_after_a_token_was_lost_ahead() -> None:
    provider, session = nine()
    session.plan("page", None, None, hvlib.CursorLost("gone"))
    assert len(provider.compute.vms.get_all().all()) == 9


def abandon(items: Iterator[hvlib.VM]) -> None:
    close: Callable[[], None] = items.close  # type: ignore[attr-defined]
    close()


@pytest.mark.parametrize(("error", "token"), [(None, "f"), (hvlib.PermissionDenied("no"), "d")])
def test_giving_up_does_not_wait_and_frees_what_the_page_brings(error: Exception | None, token: str) -> None:
    provider, session = nine()
    slow = Hold(error)
    session.plan("page", None, None, slow)
    items = iter(provider.compute.vms.get_all())
    take(items, 3)
    assert slow.asked.wait(PATIENCE)
    began = time.monotonic()
    abandon(items)
    assert provider.about
    assert time.monotonic() - began < 1.0
    assert session.released == []
    slow.answer.set()
    settle()
    assert session.released == [token]
    assert session.log.count("page") == 3


def test_what_came_before_it_was_given_up_is_freed_with_the_next_call() -> None:
    provider, session = nine()
    items = iter(provider.compute.vms.get_all())
    take(items, 3)
    settle()
    del items
    assert session.released == []
    assert provider.about
    assert session.released == ["f"]


def test_what_is_given_up_is_not_tried_again() -> None:
    provider, session = nine(LATE)
    failing = Hold(hvlib.ConnectionFailed("reset"))
    session.plan("page", None, None, failing)
    items = iter(provider.compute.vms.get_all())
    take(items, 3)
    assert failing.asked.wait(PATIENCE)
    failing.answer.set()
    abandon(items)
    settle()
    assert session.log.count("page") == 3


def test_closing_the_provider_ends_it() -> None:
    provider, session = nine(LATE)
    failing = Hold(hvlib.ConnectionFailed("reset"))
    session.plan("page", None, None, failing)
    items = iter(provider.compute.vms.get_all())
    take(items, 4)
    assert failing.asked.wait(PATIENCE)
    failing.answer.set()
    provider.close()
    with pytest.raises(hvlib.Closed, match="provider"):
        next(items)
    settle()
    assert (session.released, session.log.count("page")) == ([], 3)


def test_a_closed_provider_gives_no_page_that_came_before() -> None:
    provider, _ = nine()
    items = iter(provider.compute.vms.get_all())
    take(items, 4)
    settle()
    provider.close()
    with pytest.raises(hvlib.Closed) as caught:
        next(items)
    assert caught.value.provider is provider


@pytest.fixture
def interrupted() -> Iterator[threading.Event]:
    """Set when the main thread was interrupted: once, by the first of the signals that reach it."""
    told = threading.Event()

    def interrupt(*_: object) -> None:
        if not told.is_set():
            told.set()
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    yield told
    signal.signal(signal.SIGUSR1, before)


def test_an_interrupted_wait_leaves_nothing_broken(interrupted: threading.Event) -> None:
    provider, session = nine()
    waiting, slow = threading.Event(), Hold()
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        waiting.wait(PATIENCE)
        while not interrupted.wait(0.001):  # One that comes just before the wait does not end it.
            signal.pthread_kill(main, signal.SIGUSR1)
        slow()

    session.plan("page", None, None, interrupt)
    items = iter(provider.compute.vms.get_all())
    take(items, 4)

    def wait_for_the_page() -> None:
        waiting.set()
        next(items)

    with pytest.raises(KeyboardInterrupt):
        wait_for_the_page()
    abandon(items)
    assert len(provider.compute.vms.get_all().all()) == 9
    slow.answer.set()
    settle()
    assert session.released == ["f"]


def test_who_was_interrupted_finds_the_page_the_next_time(interrupted: threading.Event) -> None:
    provider, session = nine()
    waiting, slow, main = threading.Event(), Hold(), threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        waiting.wait(PATIENCE)
        while not interrupted.wait(0.001):
            signal.pthread_kill(main, signal.SIGUSR1)
        slow()

    session.plan("page", None, None, interrupt)
    pages = provider.compute.vms.get_all().pages()
    seen = [*next(pages).items, *next(pages).items]

    def wait_for_the_page() -> None:
        waiting.set()
        next(pages)

    with pytest.raises(KeyboardInterrupt):
        wait_for_the_page()
    slow.answer.set()
    seen += [vm for page in pages for vm in page.items]
    assert [vm.name_label for vm in seen] == list("abcdefghi")


def test_closing_wakes_who_waits_for_the_page() -> None:
    provider, session = nine(LATE)
    failing = Hold(hvlib.ConnectionFailed("reset"))
    session.plan("page", None, None, failing)
    pager = provider.compute.vms.get_all()
    pages = pager.pages()
    next(pages), next(pages)
    assert failing.asked.wait(PATIENCE)
    failing.answer.set()
    closing = threading.Timer(0.05, pager.close)
    closing.start()
    with pytest.raises(hvlib.CursorLost, match="closed"):
        next(pages)
    closing.join()
    settle()
    assert next(pages, None) is None
    assert session.log.count("page") == 3


def test_a_provider_that_is_forgotten_in_mid_listing_logs_out() -> None:
    provider, session = nine()
    items = iter(provider.compute.vms.get_all())
    take(items, 3)
    settle()
    del provider, items
    gc.collect()
    assert session.closed == 1


def test_without_a_thread_pages_are_fetched_as_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """As at the interpreter's exit."""
    provider, session = nine()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert len(provider.compute.vms.get_all().all()) == 9
    assert session.log.count("page") == 5


def test_pages_whose_tokens_stand_for_the_listing_alone_do_not_run_ahead() -> None:
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


def test_pages_run_ahead_where_a_token_is_good_without_the_listing() -> None:
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


def test_pages_that_are_forgotten_leave_nothing() -> None:
    provider, session = nine()
    pages = provider.compute.vms.get_all().pages()
    next(pages), next(pages)
    settle()
    del pages
    assert provider.about
    assert session.released == ["f"]
