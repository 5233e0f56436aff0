"""SweepFeed: the watch of servers that tell nothing. It lists, compares, and lists again."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from hvlib.driver import REFS_PER_CALL, Adapter, Batch, Change, Feed, Gone, PageToken, Upsert
from hvlib.errors import Closed, HvlibError
from hvlib.paging import next_page
from hvlib.query import Query
from hvlib.ref import Ref
from hvlib.resources import Resource

__all__ = ["SweepFeed"]

FIRST_PAUSE = 0.1
GROWTH = 1.5
"""Each pause is so many times as long as the one before."""

Records = dict[Ref, Resource]


class SweepFeed(Feed):
    """Lists each kind through its adapter and reports what differs from the sweep before.

    It sweeps every ``interval`` seconds. Where only chosen objects are followed, as in the wait for a task, it looks
    again soon and then ever less often, up to the interval: what it waits for is found out late by half of the time
    that it took, at most.

    A sweep that fails raises, and what it found is forgotten: the next one is compared with the last whole one. Its
    batches have no cursor: a feed can't go on from what another one has seen.
    """

    def __init__(
        self, adapters: Mapping[type[Resource], Adapter[Any]], queries: Sequence[Query[Any]], interval: float
    ) -> None:
        self._adapters = adapters
        self._queries = queries
        self._interval = interval
        chosen = all(query.refs is not None for query in queries)
        self._pause = min(FIRST_PAUSE, interval) if chosen else interval
        self._records: Records = {}
        self._sweep: Future[Records] | None = None
        self._told = threading.Event()
        self._closed = False

    def next(self, timeout: float) -> Batch:
        """What one sweep finds: the pages of each kind. A longer sweep goes on: the next call waits for it."""
        if self._closed:
            raise Closed("the feed was closed")
        sweep = self._sweep = self._sweep or self._begin()
        self._told.wait(timeout)
        self._told.clear()
        if not sweep.done():
            return Batch(pending=True)
        self._sweep = None
        found = sweep.result()
        changes = list(self._differences(found))
        self._records = found
        pause, self._pause = self._pause, min(self._pause * GROWTH, self._interval)
        return Batch(changes, synced=True, poll_after=pause)

    def interrupt(self) -> None:
        """End the wait for a sweep, whatever its server is doing."""
        self._told.set()

    def close(self) -> None:
        """Forget the last sweep; one that is under way ends with its page. Nothing is held on the server."""
        self._closed = True
        self._records = {}
        self._told.set()

    def _begin(self) -> Future[Records]:
        """A sweep in a thread of its own, so that a server that does not answer keeps nobody waiting."""
        sweep: Future[Records] = Future()
        sweep.add_done_callback(lambda _: self._told.set())
        threading.Thread(target=self._run, args=(sweep,), daemon=True, name="hvlib-sweep").start()
        return sweep

    def _run(self, sweep: Future[Records]) -> None:
        try:
            found = {record.ref: record for page in self._pages() for record in page}
        except BaseException as error:
            sweep.set_exception(error)
        else:
            sweep.set_result(found)

    def _pages(self) -> Iterator[Sequence[Resource]]:
        for query in self._queries:
            adapter = self._adapters[query.kind]
            for page in _listed(adapter, query) if query.refs is None else _read(adapter, query, query.refs):
                if self._closed:
                    raise Closed("the feed was closed")
                yield page

    def _differences(self, found: Records) -> Iterator[Change]:
        for ref in self._records.keys() - found.keys():
            yield Gone(ref)
        for ref, record in found.items():
            if self._records.get(ref) != record:
                yield Upsert(record)


def _listed(adapter: Adapter[Any], query: Query[Any]) -> Iterator[Sequence[Resource]]:
    token: PageToken | None = None
    passed: set[PageToken] = set()
    try:
        while True:
            page = next_page(adapter, query, token, passed)
            token = page.next
            yield page.items
            if token is None:
                return
    finally:
        if token is not None:
            with suppress(HvlibError):  # It goes with the session.
                adapter.release(token)


def _read(adapter: Adapter[Any], query: Query[Any], refs: Sequence[Ref]) -> Iterator[Sequence[Resource]]:
    for start in range(0, len(refs), REFS_PER_CALL):
        yield adapter.get(refs[start : start + REFS_PER_CALL], query)
