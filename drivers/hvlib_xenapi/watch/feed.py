"""The feed: event.from over every class that the queries' fields need, one call at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from typing import Any

from hvlib.driver import Batch, Change, Gone, WatchCursor
from hvlib.driver.long_poll import LongPollFeed
from hvlib.driver.table import Table
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib_xenapi.joins import indexes, links, needs
from hvlib_xenapi.watch.cursor import Counts, Cursor
from hvlib_xenapi.watch.event_source import EventSource
from hvlib_xenapi.watch.kind_watcher import KindWatcher, Taken
from hvlib_xenapi.wire.client import Client
from hvlib_xenapi.wire.events import BEGINNING, Event, Reply
from hvlib_xenapi.wire.rows import Inventory, Row, native_row

__all__ = ["EventFeed"]

FORGOTTEN = "the server no longer remembers every deletion, and this watch has missed some"

REPLIES_UNTIL_CURSOR = 4
"""After so many further calls a snapshot is delivered without a cursor."""

Part = tuple[Table[Any], Query[Any]]
"""The table of a query's objects, and the query."""


class EventFeed(LongPollFeed):
    """event.from, over connections of its own. The server keeps nothing for the feed between two calls.

    The feed subscribes to whole classes and to single objects: chosen objects, and objects that rows refer to. As soon
    as a row refers to an object, an additional call reads it.

    Opening the feed sends nothing. The first `next` takes two round trips as a rule: the first one reads all objects
    and the token, the second one the deletions before the token. There are more if objects come and go meanwhile. With
    a cursor, the first `next` takes one round trip for the events since, and then one for each class, or a single one
    if rows are joined. Each round of objects to which rows refer is one more.

    The server remembers only the latest deletions, and does not say when it has dropped some. But it counts its
    objects: the feed counts the objects that it knows, and raises `CursorLost` if the counts differ.

    If an object was made and deleted before a token, the feed never saw it. But a feed that resumes from the token is
    sent its deletion, subtracts it, and so miscounts. Hence a token becomes a cursor only after the next reply shows no
    deletion of an unknown object: cursors are one reply behind.
    """

    def __init__(self, client: Client, parts: Sequence[Part], since: WatchCursor | None) -> None:
        super().__init__()
        login = client.login
        self._since = None if since is None else Cursor.decode(since, login.about.uuid, login.database)
        self._needs = _needs(parts)
        self._native = {table.native_type for table, query in parts if query.native}
        """The classes whose whole records are read."""
        looked_up = {index for table, query in parts for index in indexes(table, query.fields)}
        self._inventory = Inventory(self._needs, looked_up)
        self._watchers = [KindWatcher(client, table, query, self._inventory) for table, query in parts]
        self._joined = any(watcher.joins for watcher in self._watchers)
        self._subscriptions = {text for watcher in self._watchers for text in watcher.subscriptions()}
        self._named: set[str] = set()
        """The subscriptions to single objects that rows refer to."""
        self._whole_classes = {text for text in self._subscriptions if "/" not in text}
        """The classes of which all objects are subscribed to, so that they can be counted."""
        self._token = BEGINNING
        self._alive: dict[str, set[str]] = {cls: set() for cls in self._whole_classes}
        self._cursor: Cursor | None = self._since
        self._begun = False
        wanted = {cls: Any if cls in self._native else fields for cls, fields in self._needs.items()}
        self._source = EventSource(client, wanted)

    def poll(self, timeout: float) -> Batch:
        """event.from: one round trip, once begun; another one if the counts differ, or rows refer to new objects."""
        if self._begun:
            return self._next_batch(timeout)
        batch = self._snapshot() if self._since is None else self._resume(self._since)
        self._begun = True
        return batch

    def disconnect(self) -> None:
        """`LongPollFeed.disconnect`."""
        self._source.close()

    def _snapshot(self) -> Batch:
        reply = self._ask(BEGINNING, 0.0)
        self._take(reply.events)
        self._token = reply.token
        for _ in range(REPLIES_UNTIL_CURSOR) if self._whole_classes else ():
            self._events_after_token(0.0)
            if self._cursor is not None:
                break
        self._follow_named()
        changes = [change for watcher in self._watchers for change in watcher.everything()]
        return Batch(changes, cursor=self._cursor_text(), synced=True)

    def _resume(self, since: Cursor) -> Batch:
        """The changes since the cursor. All chosen objects are sent again: it takes as long, and shows those gone."""
        if any(watcher.chosen for watcher in self._watchers):
            return self._snapshot()
        if since.counts.keys() != self._whole_classes:
            raise CursorLost("this cursor is from a watch of other fields or kinds")
        reply = self._ask(since.token, 0.0)
        counts = dict(since.counts)
        for event in reply.events:
            counts[event.cls] += {"add": 1, "del": -1}.get(event.operation, 0)
        if counts != self._server_counts(reply):
            raise CursorLost(FORGOTTEN)
        taken = self._take(reply.events)
        self._token = reply.token
        self._find_alive()
        taken += self._follow_named()
        if self._joined:
            # The events say which objects were changed or deleted since; their rows are taken as they are now.
            taken = [(event, self._current_rows(event)) for event, _ in taken]
        return Batch(self._changes(taken), cursor=self._cursor_text(), synced=True)

    def _find_alive(self) -> None:
        """Read which objects exist, with their rows if rows are joined."""
        if self._joined:
            self._take(self._ask(BEGINNING, 0.0).events)
            return
        for cls in self._whole_classes:
            self._alive[cls] = self._source.refs(cls)

    def _next_batch(self, timeout: float) -> Batch:
        taken = self._events_after_token(timeout)
        taken += self._follow_named()
        return Batch(self._changes(taken), cursor=self._cursor_text())

    def _follow_named(self) -> list[Taken]:
        """Follow exactly the single objects to which rows refer now. Returns the events of the new ones."""
        taken: list[Taken] = []
        while (named := self._find_named()) != self._named:
            for text in self._named - named:
                self._inventory.drop(*text.split("/", 1))
            new, self._named = named - self._named, named
            if new:
                taken += self._take(self._ask(BEGINNING, 0.0, new).events)
        return taken

    def _find_named(self) -> set[str]:
        found = {text for watcher in self._watchers for text in watcher.named()}
        return {text for text in found - self._subscriptions if text.partition("/")[0] not in self._whole_classes}

    def _events_after_token(self, timeout: float) -> list[Taken]:
        """The events after the token. Raises `CursorLost` if some are missing.

        Between collecting events and counting, the server may create or delete an object. So if the counts differ, a
        second call decides.
        """
        taken: list[Taken] = []
        login = self._source.login
        for wait in (timeout, 0.0):
            reply = self._ask(self._token, wait)
            if not taken and not self._deletes_unknown(reply.events):
                self._cursor = Cursor(login.about.uuid, login.database, self._token, self._known_counts())
            taken += self._take(reply.events)
            self._token = reply.token
            if self._known_counts() == self._server_counts(reply):
                return taken
        raise CursorLost(FORGOTTEN)

    def _deletes_unknown(self, events: Sequence[Event]) -> bool:
        """Tell whether the events delete an object that the feed never knew."""
        return any(
            event.operation == "del" and event.cls in self._whole_classes and event.ref not in self._alive[event.cls]
            for event in events
        )

    def _ask(self, token: str, seconds: float, only: Set[str] = frozenset()) -> Reply:
        """event.from, for the subscriptions ``only``, or for all if there are none.

        The first reply has all objects and may take long. Later replies have a limit, which reveals a frozen server.
        """
        margin = self.margin(seconds) if self._begun else math.inf
        with self.timed(seconds):
            return self._source.ask(sorted(only or self._subscriptions | self._named), token, seconds, margin)

    def _take(self, events: Sequence[Event]) -> list[Taken]:
        """Put the events' rows into the inventory."""
        taken: list[Taken] = []
        for event in events:
            rows = self._inventory.rows[event.cls]
            before = rows.get(event.ref)
            if event.snapshot is None:
                self._inventory.drop(event.cls, event.ref)
            else:
                self._inventory.put(event.cls, event.ref, self._row(event.cls, event.snapshot))
            if event.cls in self._whole_classes:
                (set.discard if event.operation == "del" else set.add)(self._alive[event.cls], event.ref)
            taken.append((event, [row for row in (before, rows.get(event.ref)) if row is not None]))
        return taken

    def _row(self, cls: str, snapshot: Any) -> Row:
        return native_row(cls, self._needs[cls], snapshot) if cls in self._native else snapshot

    def _current_rows(self, event: Event) -> list[Row]:
        row = self._inventory.rows[event.cls].get(event.ref)
        return [] if row is None else [row]

    def _changes(self, taken: Sequence[Taken]) -> list[Change]:
        """The changes that follow from events. Deletions come first: an object may be of another query's kind now."""
        found = [change for watcher in self._watchers for change in watcher.meant(taken)]
        return sorted(found, key=lambda change: not isinstance(change, Gone))

    def _server_counts(self, reply: Reply) -> Counts:
        return {cls: reply.valid_ref_counts.get(cls.lower(), 0) for cls in self._whole_classes}

    def _known_counts(self) -> Counts:
        return {cls: len(refs) for cls, refs in self._alive.items()}

    def _cursor_text(self) -> WatchCursor | None:
        return None if self._cursor is None else self._cursor.encode()


def _needs(parts: Sequence[Part]) -> dict[str, frozenset[str]]:
    """The fields of each class that the queries need."""
    needed: dict[str, frozenset[str]] = {}
    for table, query in parts:
        linked = {table.native_type: frozenset() if query.refs is None else links(table, query.fields)}
        for cls, fields in (*needs(table, query.fields).items(), *linked.items()):
            needed[cls] = needed.get(cls, frozenset()) | fields
    return needed
