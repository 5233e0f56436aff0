"""Polling: a feed for servers that have to be asked for changes again and again."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import closing
from typing import Any, TypeVar

from hvlib.driver.adapter import Adapter, in_calls
from hvlib.driver.feed import Batch, Feed
from hvlib.model.errors import Closed
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["PollingFeed", "read_all"]

R = TypeVar("R", bound=Resource)


class PollingFeed(Feed):
    """A feed that asks the server for changes again and again, each time (a look) in a thread of its own.

    So a silent server can't block the caller of `next`: a look that takes longer than the caller's time-out continues,
    and the next call waits for it. `Batch.poll_after` says when core calls `next` again.
    """

    def __init__(self) -> None:
        self.closed = False
        """Whether the feed was closed. A look checks it between its requests (`go_on`), and stops."""
        self._running_look: Future[Batch] | None = None
        self._wake_up = threading.Event()

    @abstractmethod
    def look(self) -> Batch:
        """Ask the server what has changed, in as many requests as needed. `next` raises the errors that it raises."""

    def next(self, timeout: float) -> Batch:
        """The changes that one look finds; a batch that is ``pending`` if the look is not over in time."""
        self.go_on()
        look = self._running_look = self._running_look or self._begin()
        self._wake_up.wait(timeout)
        self._wake_up.clear()
        if not look.done():
            return Batch(pending=True)
        self._running_look = None
        return look.result()

    def interrupt(self) -> None:
        """End the wait for a look, even if the server does not answer."""
        self._wake_up.set()

    def close(self) -> None:
        """Make a running look stop after its current request. The server holds nothing for the feed."""
        self.closed = True
        self._wake_up.set()

    def go_on(self) -> None:
        """Raise `Closed` if the feed was closed: a look calls it between its requests."""
        if self.closed:
            raise Closed("the feed was closed")

    def _begin(self) -> Future[Batch]:
        look: Future[Batch] = Future()
        look.add_done_callback(lambda _: self._wake_up.set())
        threading.Thread(target=self._run, args=(look,), daemon=True, name="hvlib-poll").start()
        return look

    def _run(self, look: Future[Batch]) -> None:
        try:
            batch = self.look()
        except BaseException as error:
            look.set_exception(error)
        else:
            look.set_result(batch)


def read_all(adapter: Adapter[R], query: Query[R], go_on: Callable[[], None]) -> list[R]:
    """All objects that a watch's query selects: all pages of its kind, or the query's refs.

    ``go_on`` is called after each request, and raises to stop the reading.
    """
    parts = _listed(adapter, query) if query.refs is None else _chosen(adapter, query, query.refs)
    records: list[R] = []
    with closing(parts):  # If `go_on` raises, the listing is closed here, and not later in a finalizer.
        for part in parts:
            go_on()
            records += part
    return records


def _listed(adapter: Adapter[Any], query: Query[Any]) -> Generator[Sequence[Any], None, None]:
    for page in adapter.open(query, None).pages():
        yield page.items


def _chosen(adapter: Adapter[Any], query: Query[Any], refs: Sequence[Ref]) -> Generator[Sequence[Any], None, None]:
    for part in in_calls(refs):
        yield adapter.get(part, query)
