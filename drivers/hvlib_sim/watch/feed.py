"""LabFeed: a subscription to a lab's change log."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from hvlib.driver import Batch, Change, Feed, Gone, Upsert, WatchCursor
from hvlib.model.errors import Closed, ConnectionFailed
from hvlib.model.query import Query
from hvlib_sim.adapter import TableAdapter
from hvlib_sim.client import Client
from hvlib_sim.lab.objects import Object
from hvlib_sim.lab.store import Changes, Store
from hvlib_sim.watch.cursor import Cursor

__all__ = ["LabFeed"]

BATCH_SIZE = 500

Pair = tuple[TableAdapter[Any], Query[Any]]


class LabFeed(Feed):
    """All objects, page by page; then the changes since the feed was opened.

    Pages are read at different moments. The changes made meanwhile come with the last page, so that after it the
    receiver has the state of that moment; the feed keeps no copy of the objects. A cursor is the lab, its log, and the
    number of the last change that was delivered. It can be kept, and used in any session.
    """

    def __init__(self, client: Client, pairs: Sequence[Pair], since: WatchCursor | None) -> None:
        self._client = client
        self._lab = client.lab
        self._login = client.login
        self._queries = {adapter.source: query for adapter, query in pairs}
        self._makers = {adapter.source: adapter.maker(query) for adapter, query in pairs}
        self._wanted = {
            adapter.source: None if query.refs is None else {ref.id for ref in query.refs} for adapter, query in pairs
        }
        self._interrupted = threading.Event()
        self._closed = False
        self._unread: deque[type[Object]] = deque()
        """The classes whose objects are not all delivered yet."""
        self._last = ""
        """The id up to which the objects of the first such class are delivered."""
        self._synced = False
        with self._lab.reading() as store:
            if since is None:
                self._since = store.revision
                self._unread.extend(source for source in self._wanted if store.count(source))
            else:
                self._since = Cursor.decode(since, store).revision
                store.changes(self._since, ())  # Raises `CursorLost` if the log does not reach back so far.

    def next(self, timeout: float) -> Batch:
        """The call ``Changes``: the next batch of the snapshot, or the next changes, as soon as there are any."""
        if self._closed:
            raise Closed("the feed was closed")
        cuts = self._lab.cuts
        with self._client.call("Changes", self._interrupted):
            # Read before `check`: closing the session first cuts the connection, for which `check` raises `Closed`.
            interrupted = self._interrupted.is_set()
            self._client.check(self._login)
            if interrupted:
                self._interrupted.clear()
                return Batch()
            if self._unread:
                return self._next_of_snapshot()
            changes = self._wait(timeout, cuts)
            synced, self._synced = not self._synced, True
            return Batch(self._as_changes(changes), self._cursor(), synced=synced)

    def interrupt(self) -> None:
        """End the call of `next` that waits, at once; if none waits, the following call."""
        self._interrupted.set()
        with self._lab.changed:
            self._lab.changed.notify_all()

    def close(self) -> None:
        """Close the feed. The lab keeps no state for it."""
        self._closed = True
        self.interrupt()

    def _next_of_snapshot(self) -> Batch:
        source = self._unread[0]
        with self._lab.reading() as store:
            objects, more = self._read(store, source)
            self._last = objects[-1].id if more else ""
            if not more:
                self._unread.popleft()
            changes = Changes() if self._unread else self._new_changes(store)
        upserts = self._upserts(source, objects, created=False)
        if self._unread:
            return Batch(upserts, more=True)
        self._synced = True
        return Batch([*upserts, *self._as_changes(changes)], self._cursor(), synced=True)

    def _read(self, store: Store, source: type[Object]) -> tuple[list[Object], bool]:
        """The next objects of the snapshot, and whether there are more of their class."""
        size, wanted = self._queries[source].page_size or BATCH_SIZE, self._wanted[source]
        if wanted is None:
            return store.page(source, self._last, size)
        ids = sorted(id for id in wanted if id > self._last)
        objects = [store.find(source, id) for id in ids]
        return [each for each in objects if each is not None], False

    def _wait(self, timeout: float, cuts: int) -> Changes:
        """The changes, as soon as there are any; an empty `Changes` after the time-out or an interrupt.

        Does not wait if the feed is not synced yet.
        Raises `ConnectionFailed` once the lab's count of broken connections is not ``cuts`` any more.
        """
        lab, deadline = self._lab, time.monotonic() + timeout
        with lab.changed:
            while True:
                seen, interrupted = lab.store.version, self._interrupted.is_set()
                with lab.reading() as store:
                    changes = self._new_changes(store)
                    due = lab.engine.idle_for()
                self._client.check(self._login)
                if lab.cuts != cuts:
                    raise ConnectionFailed("the connection broke")
                left = deadline - time.monotonic()
                if changes or not self._synced or interrupted or left <= 0:
                    self._interrupted.clear()
                    return changes
                lab.wait(left if due is None else min(left, due), seen)

    def _new_changes(self, store: Store) -> Changes:
        changes = store.changes(self._since, self._wanted)
        self._since = store.revision
        if all(wanted is None for wanted in self._wanted.values()):
            return changes
        return Changes(
            [each for each in changes.created if self._wants(type(each), each.id)],
            [each for each in changes.changed if self._wants(type(each), each.id)],
            [gone for gone in changes.removed if self._wants(*gone)],
        )

    def _wants(self, source: type[Object], id: str) -> bool:
        wanted = self._wanted[source]
        return wanted is None or id in wanted

    def _as_changes(self, changes: Changes) -> list[Change]:
        ref = self._client.context.ref
        events: list[Change] = [Gone(ref(self._queries[source].kind, gone)) for source, gone in changes.removed]
        for source in self._queries:
            events += self._upserts(source, [each for each in changes.created if type(each) is source], created=True)
            events += self._upserts(source, [each for each in changes.changed if type(each) is source], created=False)
        return events

    def _upserts(self, source: type[Object], objects: Sequence[Object], *, created: bool) -> list[Change]:
        return [Upsert(record, created) for record in self._makers[source](objects)]

    def _cursor(self) -> WatchCursor:
        return Cursor.at(self._lab.store, self._since).encode()
