"""SweepFeed: the watch of servers that tell nothing. It lists, compares, and lists again."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hvlib.driver import Adapter, Batch, Change, Feed, Gone, PageToken, Upsert, WatchCursor
from hvlib.query import Query
from hvlib.ref import Ref
from hvlib.resources import Resource

__all__ = ["SweepFeed"]

INTERVAL = 10.0
"""Seconds between two sweeps."""


class SweepFeed(Feed):
    """Lists each kind through its adapter and reports what differs from the sweep before. Its cursors can't be
    resumed.
    """

    def __init__(self, adapters: Mapping[type[Resource], Adapter[Any]], queries: Sequence[Query[Any]]) -> None:
        self._adapters = adapters
        self._queries = queries
        self._records: dict[Ref, Resource] = {}
        self._interrupted = threading.Event()

    def next(self, timeout: float) -> Batch:  # noqa: ARG002 -- a sweep does not wait
        """One sweep: the pages of each kind."""
        found: dict[Ref, Resource] = {}
        for record in self._sweep():
            if self._interrupted.is_set():
                self._interrupted.clear()
                return Batch()
            found[record.ref] = record
        changes = list(self._differences(found))
        self._records = found
        return Batch(changes, cursor=WatchCursor("sweep"), synced=True, poll_after=INTERVAL)

    def interrupt(self) -> None:
        """End the sweep at its next object."""
        self._interrupted.set()

    def close(self) -> None:
        """Forget the last sweep: nothing is held on the server."""
        self._records = {}

    def _sweep(self) -> Iterator[Resource]:
        for query in self._queries:
            adapter = self._adapters[query.kind]
            if query.refs is not None:
                yield from adapter.get(query.refs, query)
                continue
            token: PageToken | None = None
            while True:
                page = adapter.page(query, token)
                yield from page.items
                token = page.next
                if token is None:
                    break

    def _differences(self, found: Mapping[Ref, Resource]) -> Iterator[Change]:
        for ref, record in found.items():
            if self._records.get(ref) != record:
                yield Upsert(record)
        for ref in self._records.keys() - found.keys():
            yield Gone(ref)
