"""The feed: a PropertyCollector of its own, a filter for each query, and one call that waits for what changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hvlib.driver import Batch, Change, Feed, Gone, Upsert, WatchCursor
from hvlib.model.errors import ConnectionFailed, HvlibError, TaskCancelled
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib_vsphere.errors import fault_error
from hvlib_vsphere.property import filter_spec, named
from hvlib_vsphere.soap import Fault, MoRef, Row, element, listed
from hvlib_vsphere.table import SELF, Records, exists

if TYPE_CHECKING:
    from hvlib_vsphere.session import VSphereSession

__all__ = ["PropertyFeed"]

POLL = 0.1
"""Seconds between two looks, for waits that are too short for the server, which counts whole seconds."""

GRACE = 0.3
"""Seconds that the server has to end a wait by itself, and as many to be cut off."""

MARGIN = 2.0
"""Seconds beyond its wait that the server has to answer, at least."""

FAREWELL = 2.0
"""Seconds that freeing the collector may take."""


class Watched:
    """One query's part of a feed: its filter on the server, and the rows that it sent, by object."""

    def __init__(self, session: VSphereSession, query: Query[Any]) -> None:
        adapter = session.adapter(query.kind)
        self.records = Records(adapter.table, query, session)
        self._awaited = set(query.refs or ())
        self._rows: dict[str, Row] = {}
        self._shown: set[Ref] = set()
        chosen = query.refs is not None
        objects = named(adapter.native_refs(query.refs or ())) if chosen else adapter.selection()
        # A filter needs an object.
        self.spec = objects and filter_spec(adapter.table.native_type, self.records.paths, objects, skip_missing=chosen)

    def changes(self, update: dict[str, Any]) -> Iterator[Change]:
        """What one PropertyFilterUpdate says."""
        for each in listed(update.get("objectSet")):
            yield from self._object(each)
        for each in listed(update.get("missingSet")):
            yield from self._missing(each["obj"], Fault.of_localized(each.get("fault")))

    def absent(self) -> Iterator[Change]:
        """The refs asked for that the snapshot, which is complete now, does not hold."""
        for ref in self._awaited - self._shown:
            yield Gone(ref)
        self._awaited.clear()

    def _object(self, update: dict[str, Any]) -> Iterator[Change]:
        """An ObjectUpdate: enter, modify or leave. One may enter again: then its values are replaced."""
        ref = update["obj"]
        if ref.type == self.records.table.witness:
            return
        if update.get("kind") == "leave":
            yield from self._gone(ref.id)
            return
        record = self.records.of_row(self._row(ref, update))
        if record is None:
            yield from self._hidden(self.records.ref(ref.id))
        else:
            self._shown.add(record.ref)
            yield Upsert(record)

    def _row(self, ref: MoRef, update: dict[str, Any]) -> Row:
        """All that is known of an object, as a listing would say it."""
        if update.get("kind") == "enter" or ref.id not in self._rows:
            self._rows[ref.id] = Row(ref, {}, {})
        row = self._rows[ref.id]
        for change in listed(update.get("changeSet")):
            row.values[change["name"]] = change.get("val")
            row.missing.pop(change["name"], None)
        for each in listed(update.get("missingSet")):
            row.missing[each["path"]] = Fault.of_localized(each.get("fault"))
            row.values.pop(each["path"], None)
        return row

    def _missing(self, ref: MoRef, fault: Fault) -> Iterator[Change]:
        """A MissingObject: one that the filter names, and the server can't tell of. Only what is not found is gone."""
        if exists(Row(ref, {}, {SELF: fault})):
            raise fault_error(fault)
        yield from self._gone(ref.id)

    def _gone(self, id: str) -> Iterator[Change]:
        self._rows.pop(id, None)
        yield from self._hidden(self.records.ref(id))

    def _hidden(self, ref: Ref) -> Iterator[Change]:
        """Not there any more, or of another kind now: told once."""
        if ref in self._shown:
            self._shown.discard(ref)
            yield Gone(ref)


class PropertyFeed(Feed):
    """PropertyCollector.WaitForUpdatesEx, one call at a time, over a connection of its own.

    Opening it takes two round trips and one for each query, `next` one. Its cursors tell where it was, but can't be
    continued: the server keeps a version only as long as the collector.
    """

    def __init__(self, session: VSphereSession, queries: Sequence[Query[Any]]) -> None:
        self._session = session
        self._login = session.current
        self._transport = session.transport()
        self._client = self._login.client.over(self._transport)
        self._version = ""
        self._synced = False
        self._slowest = 0.0
        self._lock = threading.Lock()
        self._interrupted = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._closed = False
        self._collector: MoRef | None = None
        try:
            self._collector = self._client.call("CreatePropertyCollector", self._login.content["propertyCollector"])
            self._watched = [Watched(session, query) for query in queries]
            self._filters = {self._filter(each): each for each in self._watched if each.spec}
        except BaseException:
            self.close()
            raise

    def next(self, timeout: float) -> Batch:
        """PropertyCollector.WaitForUpdatesEx: one round trip. What the server sends in parts comes in parts."""
        self._idle.clear()
        try:
            if self._interrupted.is_set():
                return Batch()
            return self._wait(int(timeout) if self._synced else 0, timeout)
        except (TaskCancelled, ConnectionFailed):
            if self._interrupted.is_set():
                return Batch()
            raise
        finally:
            self._interrupted.clear()
            self._idle.set()

    def interrupt(self) -> None:
        """PropertyCollector.CancelWaitForUpdates, over another connection; a wait that goes on is cut off."""
        self._interrupted.set()
        if self._idle.is_set():
            return
        with suppress(HvlibError):
            self._login.client.within(GRACE).call("CancelWaitForUpdates", self._own())
        until = time.monotonic() + GRACE
        while not self._idle.wait(GRACE / 8) and time.monotonic() < until:
            self._transport.cut()

    def close(self) -> None:
        """PropertyCollector.DestroyPropertyCollector, with its filters. Takes `FAREWELL` seconds at most."""
        with self._lock:
            closed, self._closed = self._closed, True
        if closed:
            return
        self._transport.close()
        if self._collector is not None:
            with suppress(HvlibError):
                self._login.client.within(FAREWELL).call("DestroyPropertyCollector", self._collector)

    def _own(self) -> MoRef:
        assert self._collector is not None
        return self._collector

    def _filter(self, watched: Watched) -> str:
        arguments = f"<spec>{watched.spec}</spec>{element('partialUpdates', False)}"
        created: MoRef = self._client.call("CreateFilter", self._own(), arguments)
        return created.id

    def _wait(self, seconds: int, timeout: float) -> Batch:
        arguments = element("version", self._version) + f"<options>{element('maxWaitSeconds', seconds)}</options>"
        start = time.monotonic()
        update = self._client.within(self._margin(seconds)).call(
            "WaitForUpdatesEx", self._own(), arguments, wait=seconds
        )
        self._slowest = max(self._slowest, time.monotonic() - start - seconds)
        poll_after = min(timeout, POLL) if seconds == 0 else 0.0
        if update is None:
            return self._batch([], more=False, poll_after=poll_after)
        self._version = update["version"]
        return self._batch(self._changes(update), more=update.get("truncated") in ("true", "1"), poll_after=poll_after)

    def _margin(self, seconds: int) -> float:
        """The seconds that the answer may take beyond the wait of ``seconds``.

        Whoever waits a second for changes must not wait for the whole time-out when the server is frozen; but to cut a
        server that is only slow costs a new snapshot. So it has as long again as the caller waits, and three times as
        long as it ever took here: how slow it is, the snapshot has shown. That itself may take the whole time-out.
        """
        if not self._synced:
            return self._session.context.timeout()
        return max(MARGIN, float(seconds), 3 * self._slowest)

    def _changes(self, update: dict[str, Any]) -> list[Change]:
        """What an UpdateSet says."""
        return [change for each in listed(update.get("filterSet")) for change in self._of_filter(each)]

    def _of_filter(self, update: dict[str, Any]) -> Iterator[Change]:
        watched = self._filters.get(update["filter"].id)
        return iter(()) if watched is None else watched.changes(update)

    def _batch(self, changes: list[Change], *, more: bool, poll_after: float) -> Batch:
        """The first set that is not truncated ends the snapshot."""
        synced = not self._synced and not more
        if synced:
            self._synced = True
            changes.extend(change for watched in self._watched for change in watched.absent())
        cursor = WatchCursor(f"{self._login.name}:{self._own().id}:{self._version}")
        pause = 0.0 if more or changes or synced else poll_after
        return Batch(changes, cursor=cursor, synced=synced, more=more, poll_after=pause)
