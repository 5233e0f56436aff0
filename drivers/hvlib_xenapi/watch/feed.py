"""The feed: event.from over every class that the fields are made of, one call at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hvlib.driver import Batch, Change, Feed, Gone, WatchCursor
from hvlib.model.errors import Closed, ConnectionFailed, CursorLost
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib_xenapi.joins import Join
from hvlib_xenapi.table import Table
from hvlib_xenapi.watch.cursor import Counts, Cursor
from hvlib_xenapi.watch.event_source import EventSource
from hvlib_xenapi.watch.kind_watcher import KindWatcher
from hvlib_xenapi.wire.client import Client
from hvlib_xenapi.wire.events import BEGINNING, Event, Reply
from hvlib_xenapi.wire.rows import NATIVE, Inventory, Row, native_row, row_of

__all__ = ["EventFeed"]

FORGOTTEN = "the server has forgotten deletions that it did not tell of"

REPLIES_UNTIL_CURSOR = 4
"""Replies, at most, that a snapshot waits for until there is a cursor."""

Tables = Mapping[type[Resource], Table[Any]]
"""The table of each kind."""

Taken = tuple[Event, Sequence[Row]]
"""An event, and the rows that its object had and has."""


class EventFeed(Feed):
    """event.from, over connections of its own. Nothing is held on the server between two calls.

    Opening it sends nothing. The first `next` takes two round trips: all that exists comes with the token to go on
    from, and then what was deleted before. With a cursor it takes two, for what happened since, and for what there is.

    Of deletions the server remembers the last ones only, and does not say so when it has forgotten some. It counts its
    objects, though: the feed knows them, and raises `CursorLost` where both disagree.

    A token is the generation of the last change that was sent. An object that was made before it, and was deleted when
    the token was given, comes as a deletion to a feed that goes on from it, but was never counted. So a token becomes a
    cursor when the next reply has no such deletion, not before: cursors are one reply behind.
    """

    def __init__(
        self, client: Client, tables: Tables, queries: Sequence[Query[Any]], since: WatchCursor | None
    ) -> None:
        login = client.login
        self._since = None if since is None else Cursor.parse(since, login.about.uuid, login.database)
        self._needs = _needs(tables, queries)
        self._native = _native(tables, queries)
        indexes = {index for each in queries for index in tables[each.kind].indexes(each.fields)}
        self._inventory = Inventory(self._needs, indexes)
        self._watchers = [KindWatcher(client, tables[each.kind], each, self._inventory) for each in queries]
        self._joined = any(watcher.joins for watcher in self._watchers)
        self._subscriptions = sorted({text for watcher in self._watchers for text in watcher.subscriptions()})
        self._whole = {text.lower() for text in self._subscriptions if "/" not in text}
        """The classes of which all objects are subscribed to, so that they can be counted."""
        self._classes = {cls.lower(): cls for cls in self._needs}
        self._token = BEGINNING
        self._alive: dict[str, set[str]] = {cls: set() for cls in self._whole}
        self._cursor: Cursor | None = self._since
        self._begun = False
        self._interrupted = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._closed = False
        wanted = {cls: Any if cls in self._native else fields for cls, fields in self._needs.items()}
        self._source = EventSource(client, wanted)

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
        self._source.cut_until(self._idle)

    def close(self) -> None:
        """End the connections."""
        self._closed = True
        self._source.close()

    def _snapshot(self) -> Batch:
        reply = self._ask(BEGINNING, 0.0)
        self._take(reply.events)
        self._token = reply.token
        for _ in range(REPLIES_UNTIL_CURSOR) if self._whole else ():
            self._consistent(0.0)
            if self._cursor is not None:
                break
        changes = [change for watcher in self._watchers for change in watcher.everything()]
        return Batch(changes, cursor=self._where(), synced=True)

    def _resume(self, since: Cursor) -> Batch:
        """Return the changes since the cursor. Chosen objects are sent anew: that is as short, and misses nothing."""
        if any(watcher.chosen for watcher in self._watchers):
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
            # The events say what was changed or deleted since; the rows are as they are now.
            taken = [(event, self._present(event)) for event, _ in taken]
        return Batch(self._changes(taken), cursor=self._where(), synced=True)

    def _find_alive(self) -> None:
        """Read which objects exist; with their rows, if there is something to join."""
        if self._joined:
            self._take(self._ask(BEGINNING, 0.0).events)
            return
        for cls in self._whole:
            self._alive[cls] = self._source.refs(self._classes[cls])

    def _go_on(self, timeout: float) -> Batch:
        changes = self._changes(self._consistent(timeout))
        return Batch(changes, cursor=self._where())

    def _consistent(self, timeout: float) -> list[Taken]:
        """The events after the token, none of which may be missing. Raises `CursorLost`.

        An object may come or go between the server's look for events and its count: a second look tells.
        """
        taken: list[Taken] = []
        login = self._source.login
        for wait in (timeout, 0.0):
            reply = self._ask(self._token, wait)
            if not taken and not self._deletes_unknown(reply.events):
                self._cursor = Cursor(login.about.uuid, login.database, self._token, self._known())
            taken += self._take(reply.events)
            self._token = reply.token
            if self._known() == self._counted(reply):
                return taken
        raise CursorLost(FORGOTTEN)

    def _deletes_unknown(self, events: Sequence[Event]) -> bool:
        """Tell whether an object was deleted that the feed never knew."""
        return any(
            event.operation == "del" and event.cls in self._whole and event.ref not in self._alive[event.cls]
            for event in events
        )

    def _ask(self, token: str, seconds: float) -> Reply:
        return self._source.ask(self._subscriptions, token, seconds, impatient=self._begun)

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
        """Return the changes that events mean. An object that is of another kind now is gone first, and then there."""
        return sorted(self._found(taken), key=lambda change: not isinstance(change, Gone))

    def _found(self, taken: Sequence[Taken]) -> Iterator[Change]:
        for watcher in self._watchers:
            created: set[str] = set()
            touched: dict[str, None] = {}
            for event, rows in taken:
                cls = self._classes[event.cls]
                if cls == watcher.cls:
                    touched[event.ref] = None
                    if event.operation == "add":
                        created.add(event.ref)
                for join in watcher.joins_of(cls):
                    touched.update(dict.fromkeys(self._owners(watcher, join, event.ref, rows)))
            yield from watcher.changes(touched, created)

    def _owners(self, watcher: KindWatcher, join: Join, ref: str, rows: Sequence[Row]) -> Iterator[str]:
        for owner in join.owners(watcher.cls, self._inventory, ref, rows):
            if owner in self._inventory.rows[watcher.cls]:
                yield owner

    def _counted(self, reply: Reply) -> Counts:
        return {cls: int(reply.valid_ref_counts.get(cls, 0)) for cls in self._whole}

    def _known(self) -> Counts:
        return {cls: len(refs) for cls, refs in self._alive.items()}

    def _where(self) -> WatchCursor | None:
        return None if self._cursor is None else self._cursor.text


def _needs(tables: Tables, queries: Sequence[Query[Any]]) -> dict[str, frozenset[str]]:
    """The fields that are needed of each class."""
    needs: dict[str, frozenset[str]] = {}
    for query in queries:
        for cls, fields in tables[query.kind].needs(query.fields).items():
            needs[cls] = needs.get(cls, frozenset()) | fields
    return needs


def _native(tables: Tables, queries: Sequence[Query[Any]]) -> dict[str, bool | tuple[str, ...]]:
    """Return the fields of the server's own records that are asked for, by class; True: all."""
    found: dict[str, bool | tuple[str, ...]] = {}
    for query in queries:
        if query.native:
            cls = tables[query.kind].cls
            before = found.get(cls, ())
            named = isinstance(before, tuple) and isinstance(query.native, tuple)
            found[cls] = (*before, *query.native) if named else True  # type: ignore[misc]
    return found
