"""Feeds that tell wrongly, or do not end: each docstring says what its driver would do."""

from __future__ import annotations

import threading

from msgspec.structs import replace
from seeds.delegating import DelegatingFeed, DelegatingSession

from hvlib.driver import Batch, Change, Feed, Gone, SessionLost, Upsert, WatchCursor
from hvlib.errors import ConnectionFailed
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource


class LostDelete(DelegatingFeed):
    """It tells what is there, and nothing of what is not any more."""

    def next(self, timeout: float) -> Batch:
        batch = super().next(timeout)
        return replace(batch, changes=[change for change in batch.changes if not isinstance(change, Gone)])


class CursorAheadOfDelivery(DelegatingFeed):
    """A long reply is handed over in parts, each with the cursor of the whole."""

    held: Batch | None = None

    def next(self, timeout: float) -> Batch:
        batch, self.held = self.held or super().next(timeout), None
        if len(batch.changes) < 2:
            return batch
        self.held = replace(batch, changes=batch.changes[1:])
        return replace(batch, changes=batch.changes[:1], synced=False, more=True)


class SnapshotCutShort(DelegatingFeed):
    """A snapshot that breaks off is taken for complete."""

    complete = False

    def next(self, timeout: float) -> Batch:
        try:
            batch = super().next(timeout)
        except ConnectionFailed:
            if self.complete or self.since is not None:
                raise
            batch = Batch(synced=True)
        self.complete |= batch.synced
        return batch


class OlderRecordLast(DelegatingFeed):
    """What it tells of one object is not in order: the state before comes last."""

    def __init__(self, session: DelegatingSession, wrapped: Feed, since: WatchCursor | None) -> None:
        super().__init__(session, wrapped, since)
        self.before: dict[Ref, Resource] = {}

    def next(self, timeout: float) -> Batch:
        batch = super().next(timeout)
        changes: list[Change] = list(batch.changes)
        for record in [change.record for change in batch.changes if isinstance(change, Upsert)]:
            if record.ref in self.before:
                changes.append(Upsert(self.before[record.ref]))
            self.before[record.ref] = record
        return replace(batch, changes=changes)


class NotSyncedAgain(DelegatingFeed):
    """It says when a snapshot is complete, but not when it has caught up from a cursor."""

    def next(self, timeout: float) -> Batch:
        batch = super().next(timeout)
        return replace(batch, synced=batch.synced and self.since is None)


class EverythingIsNew(DelegatingFeed):
    """What it tells for the first time, it says to have been created just now."""

    def _change(self, change: Change) -> Change:
        return replace(change, created=True) if isinstance(change, Upsert) else change


class SessionLossSwallowed(DelegatingFeed):
    """Where its session is lost, nothing seems to happen any more."""

    def next(self, timeout: float) -> Batch:
        try:
            return super().next(timeout)
        except SessionLost:
            return Batch(poll_after=0.05)


class BusyPolling(DelegatingFeed):
    """It asks the server all the time."""

    def next(self, timeout: float) -> Batch:
        return super().next(min(timeout, 0.05))


class HangsOnClose(DelegatingFeed):
    """A wait at the server is not interrupted, so that whoever closes the watch waits too."""

    def interrupt(self) -> None:
        pass


class NeverCloses(DelegatingFeed):
    """Closing waits for a reply that does not come."""

    def close(self) -> None:
        threading.Event().wait()
