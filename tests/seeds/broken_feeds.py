"""Feeds that deliver wrong changes, or do not end. Each docstring says what the driver would do."""

from __future__ import annotations

import threading

from msgspec.structs import replace
from seeds.delegating import DelegatingFeed, DelegatingSession

from hvlib.driver import Batch, Change, Feed, Gone, SessionLost, Upsert, WatchCursor
from hvlib.errors import ConnectionFailed
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource


class LostDelete(DelegatingFeed):
    """Deliver new and changed objects, but no deletions."""

    def next(self, timeout: float) -> Batch:
        batch = super().next(timeout)
        return replace(batch, changes=[change for change in batch.changes if not isinstance(change, Gone)])


class CursorAheadOfDelivery(DelegatingFeed):
    """Deliver a long reply in parts, each with the cursor of the whole reply."""

    held: Batch | None = None

    def next(self, timeout: float) -> Batch:
        batch, self.held = self.held or super().next(timeout), None
        if len(batch.changes) < 2:
            return batch
        self.held = replace(batch, changes=batch.changes[1:])
        return replace(batch, changes=batch.changes[:1], synced=False, more=True)


class SnapshotCutShort(DelegatingFeed):
    """Take a snapshot that breaks off for complete."""

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
    """Deliver the changes of an object in the wrong order: the older state comes last."""

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
    """Report when a snapshot is complete, but not when the feed has caught up from a cursor."""

    def next(self, timeout: float) -> Batch:
        batch = super().next(timeout)
        return replace(batch, synced=batch.synced and self.since is None)


class EverythingIsNew(DelegatingFeed):
    """Mark every object in the feed as just created."""

    def _change(self, change: Change) -> Change:
        return replace(change, created=True) if isinstance(change, Upsert) else change


class SessionLossSwallowed(DelegatingFeed):
    """Deliver no more changes after the session is lost, and no error."""

    def next(self, timeout: float) -> Batch:
        try:
            return super().next(timeout)
        except SessionLost:
            return Batch(poll_after=0.05)


class BusyPolling(DelegatingFeed):
    """Poll the server without pauses."""

    def next(self, timeout: float) -> Batch:
        return super().next(min(timeout, 0.05))


class HangsOnClose(DelegatingFeed):
    """Do not interrupt a wait at the server, so that closing the watch waits too."""

    def interrupt(self) -> None:
        pass


class NeverCloses(DelegatingFeed):
    """Wait, when closed, for a reply that does not come."""

    def close(self) -> None:
        threading.Event().wait()
