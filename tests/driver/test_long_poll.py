"""LongPollFeed: interruptions, errors and time-outs of a wait at the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from hvlib.driver import Batch
from hvlib.driver.long_poll import MARGIN, LongPollFeed
from hvlib.errors import Closed, ConnectionFailed

CHANGED = Batch(more=True)


class WaitingFeed(LongPollFeed):
    """A feed that waits until its connection ends."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = threading.Event()
        self._over = threading.Event()

    def poll(self, timeout: float) -> Batch:
        self.waiting.set()
        if not self._over.wait(timeout):
            return CHANGED
        raise ConnectionFailed("the wait was ended")

    def disconnect(self) -> None:
        self._over.set()


@pytest.fixture
def other() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_an_interrupted_wait_ends(other: ThreadPoolExecutor) -> None:
    feed = WaitingFeed()
    waiting = other.submit(feed.next, 30)
    assert feed.waiting.wait(10)
    feed.interrupt()

    assert waiting.result(10) == Batch()


def test_an_interruption_ends_the_following_wait_if_none_is_under_way() -> None:
    feed = WaitingFeed()
    assert feed.next(0) == CHANGED
    feed.interrupt()

    assert feed.next(30) == Batch()


def test_a_connection_that_breaks_by_itself_is_an_error() -> None:
    feed = WaitingFeed()
    feed.disconnect()
    with pytest.raises(ConnectionFailed):
        feed.next(30)


def test_next_after_close_raises_closed() -> None:
    feed = WaitingFeed()
    feed.close()
    with pytest.raises(Closed):
        feed.next(30)


def test_a_feed_that_is_closed_while_it_is_interrupted_raises(other: ThreadPoolExecutor) -> None:
    feed = WaitingFeed()
    waiting = other.submit(feed.next, 30)
    assert feed.waiting.wait(10)
    feed.close()
    feed.interrupt()
    with pytest.raises(ConnectionFailed):
        waiting.result(10)


def test_a_slow_server_has_longer_to_answer() -> None:
    feed = WaitingFeed()
    assert feed.margin(0) == MARGIN
    assert feed.margin(9) == 9
    with feed.timed(-100):  # The answer comes 100 seconds after the end of the wait.
        pass
    assert feed.margin(9) == pytest.approx(300, abs=3)
