"""Polling: the subscription to a server that tells changes only when it is asked, and what it asks."""

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
        """Ask the server what has changed, in as many requests as it takes. `next` raises what it raises."""

    def next(self, timeout: float) -> Batch:
        """The changes that one look finds."""
        self.go_on()
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


def read_all(adapter: Adapter[R], query: Query[R], go_on: Callable[[], None]) -> list[R]:
    """All objects that a query of a watch is about: the pages of its kind, or the refs that it names.

    ``go_on`` comes after each request, and raises to give up.
    """
    parts = _listed(adapter, query) if query.refs is None else _chosen(adapter, query, query.refs)
    records: list[R] = []
    with closing(parts):  # Given up in between, it frees what the server holds here, not in a finalizer.
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
