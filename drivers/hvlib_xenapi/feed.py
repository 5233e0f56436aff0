"""The feed: event.from over every class that the fields are made of, one call at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hvlib.driver import Batch, Change, Feed, Gone, WatchCursor
from hvlib.model.errors import Closed, ConnectionFailed, CursorLost
from hvlib.model.query import Query
from hvlib_xenapi.cursor import Counts, Cursor
from hvlib_xenapi.events import BEGINNING, Event, Reply, reply_type, told
from hvlib_xenapi.joins import Join
from hvlib_xenapi.rows import NATIVE, Inventory, Row, native_row, row_of
from hvlib_xenapi.watched import Watched

if TYPE_CHECKING:
    from hvlib_xenapi.session import XenAPISession

__all__ = ["EventFeed"]

FORGOTTEN = "the server has forgotten deletions that it did not tell of"

LOOKS = 4
"""Replies, at most, that a snapshot waits for until there is a cursor."""

GRACE = 0.6
"""Seconds in which an interrupted wait must be over."""

MARGIN = 2.0
"""Seconds beyond its wait that the server has to answer, at least."""

Taken = tuple[Event, Sequence[Row]]
"""An event, and the rows that its object had and has."""


class EventFeed(Feed):
    """event.from, over connections of its own. Nothing is held on the server between two calls.

    Opening it sends nothing. The first `next` takes two round trips: all that exists comes with the token to go on
    from, and then what was deleted before. With a cursor it takes two, for what happened since, and for what there is.

    Of deletions the server remembers the last ones only, and does not say so when it has forgotten some. It counts its
    objects, though: the feed knows them, and raises `CursorLost` where both disagree.

    A token is the generation of the last change that was told. What was made before it, and was gone already when it
    was given, is told as a deletion to who goes on from it, but was never counted. So a token becomes a cursor when
    the next reply has told of no such deletion, not before: cursors are one reply behind.
    """

    def __init__(self, session: XenAPISession, queries: Sequence[Query[Any]], since: WatchCursor | None) -> None:
        self._session = session
        self._since = None if since is None else Cursor.parse(since, session.about().uuid, session.current.database)
        needs: dict[str, frozenset[str]] = {}
        indexes: set[tuple[str, str]] = set()
        for query in queries:
            table = session.adapter(query.kind).table
            indexes |= table.indexes(query.fields)
            for cls, fields in table.needs(query.fields).items():
                needs[cls] = needs.get(cls, frozenset()) | fields
        self._needs = needs
        self._native = _native(session, queries)
        self._inventory = Inventory(needs, indexes)
        self._watched = [Watched(session, query, self._inventory) for query in queries]
        self._joined = any(watched.joins for watched in self._watched)
        self._whole = self._whole_classes()
        self._classes = {cls.lower(): cls for cls in needs}
        self._reply = reply_type({cls: Any if cls in self._native else fields for cls, fields in needs.items()})
        self._token = BEGINNING
        self._alive: dict[str, set[str]] = {cls: set() for cls in self._whole}
        self._cursor: Cursor | None = self._since
        self._begun = False
        self._slowest = 0.0
        self._interrupted = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._closed = False
        self._transport = session.transport()
        self._login = session.current
        self._rpc = self._login.rpc.over(self._transport)

    def next(self, timeout: float) -> Batch:
        """event.from: one round trip."""
        self._idle.clear()
        try:
            if self._closed:
                raise Closed("the feed was closed")
            if self._interrupted.is_set():
                return Batch()
            if self._begun:
                return self._go_on(timeout)
            batch = self._snapshot() if self._since is None else self._resume(self._since)
            self._begun = True
            return batch
        except ConnectionFailed:
            if self._interrupted.is_set() and not self._closed:
                return Batch()
            raise
        finally:
            self._interrupted.clear()
            self._idle.set()

    def interrupt(self) -> None:
        """Cut the connection on which `next` waits: the server holds nothing for it."""
        self._interrupted.set()
        until = time.monotonic() + GRACE
        while not self._idle.wait(GRACE / 16) and time.monotonic() < until:
            self._transport.cut()

    def close(self) -> None:
        """End the connections."""
        self._closed = True
        self._transport.close()

    def _snapshot(self) -> Batch:
        reply = self._ask(BEGINNING, 0.0)
        self._take(reply.events)
        self._token = reply.token
        for _ in range(LOOKS) if self._whole else ():
            self._consistent(0.0)
            if self._cursor is not None:
                break
        changes = [change for watched in self._watched for change in watched.everything()]
        return Batch(changes, cursor=self._where(), synced=True)

    def _resume(self, since: Cursor) -> Batch:
        """What happened since the cursor. Chosen objects are told of anew: that is as short, and nothing is missed."""
        if any(watched.chosen for watched in self._watched):
            return self._snapshot()
        if since.counts.keys() != self._whole:
            raise CursorLost("this cursor is of a watch of other fields or kinds")
        reply = self._ask(since.token, 0.0)
        counts = dict(since.counts)
        for event in reply.events:
            counts[event.cls] += {"add": 1, "del": -1}.get(event.operation, 0)
        if counts != self._counted(reply):
            raise CursorLost(FORGOTTEN)
        taken = self._take(reply.events)
        self._token = reply.token
        self._find_alive()
        if self._joined:
            # What was changed or deleted since is told by its event; the rows are as they are now.
            taken = [(event, self._present(event)) for event, _ in taken]
        return Batch(self._changes(taken), cursor=self._where(), synced=True)

    def _find_alive(self) -> None:
        """What there is: all rows, where there is something to join; else just which objects."""
        if self._joined:
            self._take(self._ask(BEGINNING, 0.0).events)
            return
        for cls in self._whole:
            name = f"{self._classes[cls]}.get_all"
            with self._session.reaching(self._login):
                self._alive[cls] = set(self._rpc.call(name, [self._rpc.session], result=list[str]))

    def _go_on(self, timeout: float) -> Batch:
        changes = self._changes(self._consistent(timeout))
        return Batch(changes, cursor=self._where())

    def _consistent(self, timeout: float) -> list[Taken]:
        """The events after the token, none of which may be missing. Raises `CursorLost`.

        An object may come or go between the server's look for events and its count: a second look tells.
        """
        taken: list[Taken] = []
        for wait in (timeout, 0.0):
            reply = self._ask(self._token, wait)
            if not taken and not self._tells_of_unknown(reply.events):
                self._cursor = Cursor(self._login.about.uuid, self._login.database, self._token, self._known())
            taken += self._take(reply.events)
            self._token = reply.token
            if self._known() == self._counted(reply):
                return taken
        raise CursorLost(FORGOTTEN)

    def _tells_of_unknown(self, events: Sequence[Event]) -> bool:
        """Whether something is deleted that was never there, as far as one could see."""
        return any(
            event.operation == "del" and event.cls in self._whole and event.ref not in self._alive[event.cls]
            for event in events
        )

    def _ask(self, token: str, seconds: float) -> Reply:
        start = time.monotonic()
        limit = self._session.context.timeout()
        if self._begun:
            # As long again as the caller waits, and three times as long as it ever took: a frozen server is found out.
            limit = min(limit, max(MARGIN, seconds, 3 * self._slowest))
        subscriptions = [text for watched in self._watched for text in watched.subscriptions()]
        parameters = [self._rpc.session, sorted(set(subscriptions)), token, float(seconds)]
        with self._session.reaching(self._login):
            found = self._rpc.call("event.from", parameters, result=self._reply, wait=seconds, limit=limit)
        reply = told(found)
        self._slowest = max(self._slowest, time.monotonic() - start - seconds)
        return reply

    def _take(self, events: Sequence[Event]) -> list[Taken]:
        """Put what the events say into the inventory."""
        taken: list[Taken] = []
        for event in events:
            cls = self._classes[event.cls]
            before = self._inventory.rows[cls].get(event.ref)
            after = None if event.snapshot is None else self._row(cls, event.snapshot)
            if after is None:
                self._inventory.drop(cls, event.ref)
            else:
                self._inventory.put(cls, event.ref, after)
            if event.cls in self._whole:
                (set.discard if event.operation == "del" else set.add)(self._alive[event.cls], event.ref)
            taken.append((event, [row for row in (before, after) if row is not None]))
        return taken

    def _row(self, cls: str, snapshot: Any) -> Row:
        if cls in self._native:
            return native_row(cls, self._needs[cls] | {NATIVE}, self._native[cls], snapshot)
        return row_of(cls, self._needs[cls], snapshot) if isinstance(snapshot, dict) else snapshot

    def _present(self, event: Event) -> list[Row]:
        row = self._inventory.rows[self._classes[event.cls]].get(event.ref)
        return [] if row is None else [row]

    def _changes(self, taken: Sequence[Taken]) -> list[Change]:
        """What events mean. An object that is of another kind now is gone first, and then there."""
        return sorted(self._found(taken), key=lambda change: not isinstance(change, Gone))

    def _found(self, taken: Sequence[Taken]) -> Iterator[Change]:
        for watched in self._watched:
            created: set[str] = set()
            touched: dict[str, None] = {}
            for event, rows in taken:
                cls = self._classes[event.cls]
                if cls == watched.cls:
                    touched[event.ref] = None
                    if event.operation == "add":
                        created.add(event.ref)
                for join in watched.joins_of(cls):
                    touched.update(dict.fromkeys(self._owners(watched, join, event.ref, rows)))
            yield from watched.changes(touched, created)

    def _owners(self, watched: Watched, join: Join, ref: str, rows: Sequence[Row]) -> Iterator[str]:
        for owner in join.owners(watched.cls, self._inventory, ref, rows):
            if owner in self._inventory.rows[watched.cls]:
                yield owner

    def _whole_classes(self) -> set[str]:
        """The classes of which all objects are subscribed to, so that they can be counted."""
        texts = {text for watched in self._watched for text in watched.subscriptions()}
        return {text.lower() for text in texts if "/" not in text}

    def _counted(self, reply: Reply) -> Counts:
        return {cls: int(reply.valid_ref_counts.get(cls, 0)) for cls in self._whole}

    def _known(self) -> Counts:
        return {cls: len(refs) for cls, refs in self._alive.items()}

    def _where(self) -> WatchCursor | None:
        return None if self._cursor is None else self._cursor.text


def _native(session: XenAPISession, queries: Sequence[Query[Any]]) -> dict[str, bool | tuple[str, ...]]:
    """What of the server's own records is asked for, by class."""
    found: dict[str, bool | tuple[str, ...]] = {}
    for query in queries:
        if query.native:
            cls = session.adapter(query.kind).table.cls
            before = found.get(cls, ())
            named = isinstance(before, tuple) and isinstance(query.native, tuple)
            found[cls] = (*before, *query.native) if named else True  # type: ignore[misc]
    return found
