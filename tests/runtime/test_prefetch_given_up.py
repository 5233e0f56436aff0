"""A listing that is abandoned, closed or interrupted while a page is fetched ahead."""

from __future__ import annotations

import gc
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from scripted.listings import PATIENCE, Hold, nine, settle

import hvlib

LATE = hvlib.RetryPolicy(max_retries=3, backoff=lambda attempt, error: 30.0)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    settle()


def take(items: Iterator[hvlib.VM], number: int) -> str:
    return "".join(next(items).name_label for _ in range(number))


def abandon(items: Iterator[hvlib.VM]) -> None:
    close: Callable[[], None] = items.close  # type: ignore[attr-defined]
    close()


@pytest.mark.parametrize(("error", "token"), [(None, "f"), (hvlib.PermissionDenied("no"), "d")])
def test_abandoning_does_not_wait_and_the_listing_is_freed_after_the_page(error: Exception | None, token: str) -> None:
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


def test_a_listing_abandoned_after_the_page_came_is_freed_with_the_next_call() -> None:
    provider, session = nine()
    items = iter(provider.compute.vms.get_all())
    take(items, 3)
    settle()
    del items
    assert session.released == []
    assert provider.about
    assert session.released == ["f"]


def test_a_fetch_of_an_abandoned_listing_is_not_repeated() -> None:
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


def test_closing_the_provider_ends_the_fetch() -> None:
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


def test_a_closed_provider_gives_no_page_that_was_fetched_ahead() -> None:
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
    """An event that is set when SIGUSR1 interrupts the main thread. Only the first signal interrupts it."""
    event = threading.Event()

    def interrupt(*_: object) -> None:
        if not event.is_set():
            event.set()
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    yield event
    signal.signal(signal.SIGUSR1, before)


def test_an_interrupted_wait_leaves_nothing_broken(interrupted: threading.Event) -> None:
    provider, session = nine()
    waiting, slow = threading.Event(), Hold()
    main = threading.main_thread().ident
    assert main is not None

    def interrupt() -> None:
        waiting.wait(PATIENCE)
        while not interrupted.wait(0.001):  # Repeated: a signal that comes just before the wait does not end it.
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


def test_after_an_interruption_the_next_call_gives_the_page(interrupted: threading.Event) -> None:
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


def test_closing_ends_a_wait_for_the_page() -> None:
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
    with pytest.raises(hvlib.CursorLost, match="closed"):
        next(pages)
    assert session.log.count("page") == 3


def test_a_provider_that_is_unreferenced_in_mid_listing_logs_out() -> None:
    provider, session = nine()
    items = iter(provider.compute.vms.get_all())
    take(items, 3)
    settle()
    del provider, items
    gc.collect()
    assert session.closed == 1


def test_pages_that_are_unreferenced_free_their_listing() -> None:
    provider, session = nine()
    pages = provider.compute.vms.get_all().pages()
    next(pages), next(pages)
    settle()
    del pages
    assert provider.about
    assert session.released == ["f"]
