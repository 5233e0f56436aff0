"""PollingFeed: the subscription to a server that tells changes only when it is asked."""

from __future__ import annotations

import threading
from abc import abstractmethod
from concurrent.futures import Future

from hvlib.driver.feed import Batch, Feed
from hvlib.model.errors import Closed

__all__ = ["PollingFeed"]


class PollingFeed(Feed):
    """A feed that looks at the server again and again, in a thread of its own: one that is silent keeps nobody waiting.

    A look that takes longer than the caller waits goes on, and the next call waits for it. `Batch.poll_after` says when
    to look again.
    """

    def __init__(self) -> None:
        self.closed = False
        """Whether a look need not go on: to be asked between its requests."""
        self._under_way: Future[Batch] | None = None
        self._told = threading.Event()

    @abstractmethod
    def look(self) -> Batch:
        """What the server tells now: as many requests as it takes. What it raises, `next` raises."""

    def next(self, timeout: float) -> Batch:
        """What one look finds."""
        if self.closed:
            raise Closed("the feed was closed")
        look = self._under_way = self._under_way or self._begin()
        self._told.wait(timeout)
        self._told.clear()
        if not look.done():
            return Batch(pending=True)
        self._under_way = None
        return look.result()

    def interrupt(self) -> None:
        """End the wait for a look, whatever its server is doing."""
        self._told.set()

    def close(self) -> None:
        """A look that is under way ends with its request. Nothing is held on the server."""
        self.closed = True
        self._told.set()

    def go_on(self) -> None:
        """Raise `Closed` if the feed was closed meanwhile."""
        if self.closed:
            raise Closed("the feed was closed")

    def _begin(self) -> Future[Batch]:
        look: Future[Batch] = Future()
        look.add_done_callback(lambda _: self._told.set())
        threading.Thread(target=self._run, args=(look,), daemon=True, name="hvlib-poll").start()
        return look

    def _run(self, look: Future[Batch]) -> None:
        try:
            found = self.look()
        except BaseException as error:
            look.set_exception(error)
        else:
            look.set_result(found)
