"""event.from: the changes since a token, one event per object. It waits for one (ocaml/xapi/xapi_event.ml)."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hvlib_xapi_simulator.alerts import Alerts
from hvlib_xapi_simulator.database import Database
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.settings import Settings
from hvlib_xapi_simulator.values import Int32

__all__ = ["Events", "Subscriptions"]

WITHOUT_EVENTS = frozenset({"session", "secret"})
TOKEN = re.compile(r"(\d+),(\d+)", re.ASCII)
MAX_TOKEN_NUMBER = 2**63 - 1
"""The greatest number in a token, which has 64 bits."""

FIRST_PAUSE = 1 / 16
FOREVER = 24 * 3600.0
TASK = "task"

Event = dict[str, Any]


class Subscriptions:
    """The events that a client wants: ``*``, a class, or an object as ``class/reference``. Case does not matter."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._everything = "*" in texts
        self._classes: set[str] = set()
        self._objects: dict[str, set[str]] = {}
        for text in texts:
            name, slash, ref = text.partition("/")
            if slash:
                self._objects.setdefault(name.lower(), set()).add(ref)
            else:
                self._classes.add(name.lower())

    @property
    def only_tasks(self) -> bool:
        """Whether they are about tasks alone, whose events are sent without a delay."""
        return not self._everything and {*self._classes, *self._objects} <= {TASK}

    def may_match(self, table: str) -> bool:
        """Whether they can be about objects of a class."""
        name = table.lower()
        return self._everything or name in self._classes or name in self._objects

    def match(self, table: str, ref: str) -> bool:
        """Whether they are about an object."""
        name = table.lower()
        return self._everything or name in self._classes or ref in self._objects.get(name, ())


@dataclass(slots=True)
class _Found:
    """The events since a token."""

    last: int
    last_alert: int
    added: list[Event] = field(default_factory=list)
    changed: list[Event] = field(default_factory=list)
    deleted: list[Event] = field(default_factory=list)
    alerts: list[Event] = field(default_factory=list)

    @property
    def events(self) -> list[Event]:
        """All events, in the order in which the server sends them."""
        return [*self.alerts, *self.added, *self.changed, *self.deleted]


class Events:
    """The events of a pool."""

    def __init__(self, settings: Settings, database: Database, alerts: Alerts, closed: threading.Event) -> None:
        self._settings = settings
        self._database = database
        self._alerts = alerts
        self._closed = closed
        self.queues: dict[str, tuple[list[str], str]] = {}
        """The classes that sessions have registered for, and the token of their last batch (messages/event_queue)."""

    def wait(self, session: str, subscriptions: Subscriptions, token: str, timeout: float) -> dict[str, Any]:
        """Return the events since a token; wait if there are none. Raises SESSION_INVALID if the session ends."""
        since, since_alert = _parse_token(token)
        deadline = time.monotonic() + (timeout if timeout >= 0 else FOREVER)
        delay = self._settings.event_delay
        pause = delay * FIRST_PAUSE
        if not subscriptions.only_tasks:
            self._closed.wait(delay)
        while True:
            with self._database.changed:
                found = self._collect(subscriptions, since, since_alert)
                over = self._closed.is_set() or time.monotonic() >= deadline
                if found.events or over:
                    return self._reply(found)
                self._wait_for_any(session, subscriptions, found, deadline)
            since, since_alert = found.last, found.last_alert
            pause = min(delay, 2 * pause)
            self._closed.wait(pause)

    def inject(self, table: str, ref: str) -> str:
        """Make an event of an object that did not change; return a token from before it."""
        with self._database.lock:
            if self._database.table_of(ref) != table:
                raise Failure("HANDLE_INVALID", table, ref)
            return _token(self._database.touch(table, ref) - 1, 0)

    def _wait_for_any(self, session: str, subscriptions: Subscriptions, found: _Found, deadline: float) -> None:
        """Wait until there is an event, or until the deadline. The caller must hold the lock."""
        database = self._database
        while not self._closed.is_set():
            if session not in database.tables["session"].rows:
                raise Failure("SESSION_INVALID", session)
            if self._collect(subscriptions, found.last, found.last_alert).events:
                return
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return
            database.changed.wait(remaining)

    def _collect(self, subscriptions: Subscriptions, since: int, since_alert: int) -> _Found:
        found = _Found(since, since_alert)
        for name, table in self._database.tables.items():
            if name in WITHOUT_EVENTS or not subscriptions.may_match(name):
                continue
            for ref, row in sorted(table.recent(since)):  # By reference, as OCaml iterates over a map.
                if subscriptions.match(name, ref):
                    found.last = max(found.last, row.modified)
                    is_new = row.created > since
                    events = found.added if is_new else found.changed
                    events.append(_event(row.modified, name, "add" if is_new else "mod", ref, row))
            for _, deleted, ref in table.deleted(since):
                if subscriptions.match(name, ref):
                    found.last = max(found.last, deleted)
                    found.deleted.append(_event(deleted, name, "del", ref))
        if subscriptions.may_match("message"):
            found.last_alert, alerts = self._alerts.since(since_alert)
            found.alerts = [_event(0, "message", "add" if row else "del", ref, row) for ref, row in alerts]
        return found

    def _reply(self, found: _Found) -> dict[str, Any]:
        counts = {name.lower(): Int32(len(table.rows)) for name, table in self._database.tables.items()}
        return {"events": found.events, "valid_ref_counts": counts, "token": _token(found.last, found.last_alert)}


def _event(id: int, table: str, operation: str, ref: str, snapshot: Any = None) -> Event:
    event = {"id": str(id), "timestamp": "0.0", "class": table.lower(), "operation": operation, "ref": ref}
    return event if snapshot is None else {**event, "snapshot": snapshot}


def _token(generation: int, alert: int) -> str:
    return f"{generation:020d},{alert:020d}"


def _parse_token(token: str) -> tuple[int, int]:
    if not token:
        return 0, 0
    found = TOKEN.fullmatch(token)
    if found is None or max(map(int, found.groups())) > MAX_TOKEN_NUMBER:
        raise Failure("EVENT_FROM_TOKEN_PARSE_FAILURE", token)
    return int(found[1]), int(found[2])
