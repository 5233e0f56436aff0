"""SweepFeed: the watch of servers that keep no changes. It lists, compares, and lists again."""

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
"""Each pause is so many times as long as the one before."""

Records = dict[Ref, Resource]


class SweepFeed(PollingFeed):
    """Lists each kind through its adapter and reports what differs from the sweep before.

    It sweeps every ``interval`` seconds. Where only chosen objects are followed, as in the wait for a task, it looks
    again soon and then ever less often, up to the interval: what it waits for is found out late by half of the time
    that it took, at most.

    A sweep that fails raises, and what it found is forgotten: the next one is compared with the last whole one. Its
    batches have no cursor: a feed can't go on from what another one has seen.
    """

    def __init__(
        self,
        adapters: Mapping[type[Resource], Adapter[Any]],
        queries: Sequence[Query[Any]],
        since: WatchCursor | None,
        interval: float,
    ) -> None:
        if since is not None:
            raise CursorLost("this server keeps no changes to go on from", hint="use known= with your last records")
        super().__init__()
        self._adapters = adapters
        self._queries = queries
        self._interval = interval
        chosen = all(query.refs is not None for query in queries)
        self._pause = min(FIRST_PAUSE, interval) if chosen else interval
        self._records: Records = {}

    def look(self) -> Batch:
        """What one sweep finds: the pages of each kind."""
        found = {
            record.ref: record
            for query in self._queries
            for record in read_all(self._adapters[query.kind], query, self.go_on)
        }
        changes = list(self._differences(found))
        self._records = found
        pause, self._pause = self._pause, min(self._pause * GROWTH, self._interval)
        return Batch(changes, synced=True, poll_after=pause)

    def close(self) -> None:
        """Forget the last sweep; one that is under way ends with its page. Nothing is held on the server."""
        super().close()
        self._records = {}

    def _differences(self, found: Records) -> Iterator[Change]:
        for ref in self._records.keys() - found.keys():
            yield Gone(ref)
        for ref, record in found.items():
            if self._records.get(ref) != record:
                yield Upsert(record)
