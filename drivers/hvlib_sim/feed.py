"""LabFeed: a subscription to a lab's change log."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hvlib.driver import Batch, Change, Feed, Gone, Upsert, WatchCursor
from hvlib.errors import Closed, CursorLost
from hvlib.query import Query
from hvlib_sim.objects import Object
from hvlib_sim.store import Changes
from hvlib_sim.table import Table

if TYPE_CHECKING:
    from hvlib_sim.lab import Lab
    from hvlib_sim.session import LabSession

__all__ = ["LabFeed"]

BATCH_SIZE = 500

Pair = tuple[Table[Any], Query[Any]]


class LabFeed(Feed):
    """All objects as they were when it was opened, in batches; then what changed since then.

    The objects of a lab never change, so the snapshot is of one moment however long its delivery takes. A cursor is the
    lab, its log, and the number of the last change that was delivered: it can be kept, and goes on in any session.
    """

    def __init__(self, session: LabSession, pairs: Sequence[Pair], since: WatchCursor | None) -> None:
        self._session = session
        self._lab = session.lab
        self._token = session.token
        self._by_source = {table.source: (table, query) for table, query in pairs}
        self._wanted = {
            table.source: None if query.refs is None else {ref.id for ref in query.refs} for table, query in pairs
        }
        self._waking = threading.Event()
        self._closed = False
        self._snapshot: deque[tuple[type[Object], Sequence[Object]]] = deque()
        self._synced = False
        for table, query in pairs:
            table.check_native(query)
        with self._lab.at_work() as engine:
            self._since = engine.store.revision if since is None else _revision(self._lab, since)
            if since is None:
                self._take_snapshot()
            engine.store.changes(self._since, ())

    def next(self, timeout: float) -> Batch:
        """Changes: the next batch of the snapshot, or what changed, as soon as something did."""
        if self._closed:
            raise Closed("the feed was closed")
        self._session.call("Changes", self._waking)
        self._session.check(self._token)
        if self._waking.is_set():
            self._waking.clear()
            return Batch()
        if self._snapshot:
            return self._next_of_snapshot()
        changes = self._wait(timeout)
        synced, self._synced = not self._synced, True
        return Batch(self._as_changes(changes), self._cursor(), synced=synced)

    def interrupt(self) -> None:
        """End a `next` that waits, or else the next one, at once."""
        self._waking.set()
        with self._lab.changed:
            self._lab.changed.notify_all()

    def close(self) -> None:
        """The lab holds nothing for a feed."""
        self._closed = True
        self.interrupt()

    def _take_snapshot(self) -> None:
        for source, wanted in self._wanted.items():
            every = self._lab.store.all(source)
            objects = every if wanted is None else [one for one in every if one.id in wanted]
            size = self._by_source[source][1].page_size or BATCH_SIZE
            self._snapshot.extend((source, objects[at : at + size]) for at in range(0, len(objects), size))

    def _next_of_snapshot(self) -> Batch:
        source, objects = self._snapshot.popleft()
        changes = self._upserts(source, objects, created=False)
        if self._snapshot:
            return Batch(changes, more=True)
        self._synced = True
        return Batch(changes, self._cursor(), synced=True)

    def _wait(self, timeout: float) -> Changes:
        """What changed, once something did; at once while catching up; nothing after the time-out or an interrupt."""
        deadline = time.monotonic() + timeout
        with self._lab.changed:
            while True:
                with self._lab.at_work() as engine:
                    changes = self._new_changes()
                    due = engine.idle_for()
                self._session.check(self._token)
                left = deadline - time.monotonic()
                if changes or not self._synced or self._waking.is_set() or left <= 0:
                    self._waking.clear()
                    return changes
                self._lab.changed.wait(min(left, threading.TIMEOUT_MAX if due is None else due))

    def _new_changes(self) -> Changes:
        store = self._lab.store
        changes = store.changes(self._since, self._wanted)
        self._since = store.revision
        if all(wanted is None for wanted in self._wanted.values()):
            return changes
        return Changes(
            [one for one in changes.created if self._wants(type(one), one.id)],
            [one for one in changes.changed if self._wants(type(one), one.id)],
            [gone for gone in changes.removed if self._wants(*gone)],
        )

    def _wants(self, source: type[Object], id: str) -> bool:
        wanted = self._wanted[source]
        return wanted is None or id in wanted

    def _as_changes(self, changes: Changes) -> list[Change]:
        ref = self._session.context.ref
        found: list[Change] = [Gone(ref(self._by_source[source][0].kind, gone)) for source, gone in changes.removed]
        for source in self._by_source:
            found += self._upserts(source, [one for one in changes.created if type(one) is source], created=True)
            found += self._upserts(source, [one for one in changes.changed if type(one) is source], created=False)
        return found

    def _upserts(self, source: type[Object], objects: Sequence[Object], *, created: bool) -> list[Change]:
        table, query = self._by_source[source]
        return [Upsert(record, created) for record in table.records(query, objects, self._session.context)]

    def _cursor(self) -> WatchCursor:
        return WatchCursor(f"{self._lab.uuid}:{self._lab.generation}:{self._since}")


def _revision(lab: Lab, cursor: WatchCursor) -> int:
    """The number of the change that a cursor stands behind. Raises `CursorLost` if it is of another log, or is none."""
    own = re.escape(f"{lab.uuid}:{lab.generation}:")
    found = re.fullmatch(own + r"(\d+)", cursor, re.ASCII)
    if found is None:
        raise CursorLost("the cursor is of another lab", hint="use known= with your last records")
    return int(found[1])
