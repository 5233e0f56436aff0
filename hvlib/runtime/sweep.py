"""SweepFeed: the feed for servers that keep no changes. It lists the objects, compares, and lists again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hvlib.driver import Adapter, Batch, Change, Gone, Upsert, WatchCursor
from hvlib.driver.polling import PollingFeed, read_all
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["SweepFeed"]

FIRST_PAUSE = 0.1
GROWTH = 1.5
"""The factor by which each pause is longer than the one before."""

Records = dict[Ref, Resource]


class SweepFeed(PollingFeed):
    """Lists the objects of each kind through its adapter, and reports the differences from the sweep before.

    It sweeps every ``interval`` seconds. Where only chosen objects are followed, as in the wait for a task, it begins
    with short pauses, which grow up to the interval: a change that took some time is seen late by at most half of that
    time.

    A sweep that fails raises the error, and its records are dropped: the next sweep is compared with the last complete
    one. The batches have no cursor: a feed can't continue from the records of another feed.
    """

    def __init__(
        self,
        adapters: Mapping[type[Resource], Adapter[Any]],
        queries: Sequence[Query[Any]],
        since: WatchCursor | None,
        interval: float,
    ) -> None:
        if since is not None:
            raise CursorLost("this server keeps no changes to continue from", hint="use known= with your last records")
        super().__init__()
        self._adapters = adapters
        self._queries = queries
        self._interval = interval
        chosen = all(query.refs is not None for query in queries)
        self._pause = min(FIRST_PAUSE, interval) if chosen else interval
        self._records: Records = {}

    def look(self) -> Batch:
        """Make one sweep. Returns the differences. Round trips: the pages of each kind."""
        records = {
            record.ref: record
            for query in self._queries
            for record in read_all(self._adapters[query.kind], query, self.go_on)
        }
        changes = list(self._differences(records))
        self._records = records
        pause, self._pause = self._pause, min(self._pause * GROWTH, self._interval)
        return Batch(changes, synced=True, poll_after=pause)

    def close(self) -> None:
        """Forget the last sweep. A sweep that is under way ends with its page. The server holds nothing."""
        super().close()
        self._records = {}

    def _differences(self, records: Records) -> Iterator[Change]:
        for ref in self._records.keys() - records.keys():
            yield Gone(ref)
        for ref, record in records.items():
            if self._records.get(ref) != record:
                yield Upsert(record)
