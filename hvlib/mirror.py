"""Mirror: the last known records of a watch; it turns a feed's changes into events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from hvlib.driver import Change, Gone, Upsert
from hvlib.errors import InvalidQuery
from hvlib.projection import merge
from hvlib.query import Query
from hvlib.ref import Ref
from hvlib.resources import Resource

__all__ = ["Event", "EventType", "Mirror"]

R = TypeVar("R", bound=Resource)


class EventType(StrEnum):
    """What happened: an object came to be (or began to match), changed, went (or ceased to match); all are known."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    SYNCED = "SYNCED"


class Event(msgspec.Struct, Generic[R], frozen=True):
    """One change.

    | type: ADDED, MODIFIED, DELETED, or SYNCED
    | ref: of what; None for SYNCED
    | resource: as it is now; of a DELETED, its last known record; None if that is not known, and for SYNCED
    | changed: the fields that differ from the record before; None where that is not known
    | resynced: found by comparing, after the stream had been interrupted
    """

    type: EventType
    ref: Ref | None = None
    resource: R | None = None
    changed: frozenset[str] | None = None
    resynced: bool = False


class Mirror:
    """What a watch knows of its collections.

    ``known`` are the caller's last records. Without them, unless the watch starts with a snapshot, the mirror is not
    ``complete``: it can't tell what was deleted.
    """

    def __init__(self, queries: Sequence[Query[Any]], known: Mapping[Ref, Resource] | None, *, complete: bool) -> None:
        self.complete = complete or known is not None
        self._queries = {query.kind.kind: query for query in queries}
        self._records: dict[Ref, Resource] = dict(known or {})
        for ref in self._records:
            if not isinstance(ref, Ref) or ref.kind not in self._queries:
                raise InvalidQuery(f"known= has {ref!r}, which is not watched", hint="what get_all_records() returns")
        self._seen: set[Ref] | None = None

    def begin_snapshot(self) -> None:
        """What is applied until `end_snapshot` is all that there is. Begun again, it starts over, deleting nothing."""
        self._seen = set()

    def end_snapshot(self) -> Iterator[Event[Any]]:
        """The deletions of what the snapshot did not hold."""
        seen = self._seen
        self._seen = None
        if seen is None:
            return
        for ref in [ref for ref in self._records if ref not in seen]:
            yield from self._gone(ref)
        self.complete = True

    def apply(self, change: Change) -> Iterator[Event[Any]]:
        """The events of one change: none where nothing differs that was asked for."""
        match change:
            case Upsert():
                yield from self._upsert(change.record, change.created)
            case Gone():
                yield from self._gone(change.ref)

    def _upsert(self, record: Resource, created: bool = False) -> Iterator[Event[Any]]:
        ref, old = record.ref, self._records.get(record.ref)
        query = self._queries[ref.kind]
        new = record if old is None or query.record_type.loaded <= record.loaded else merge(old, record)
        self._records[ref] = new
        if self._seen is not None:
            self._seen.add(ref)
        known = old is not None or self.complete or created
        was, fits = old is not None and _fits(query, old), query.matches(new)
        if fits and not was:
            yield Event(EventType.ADDED if known else EventType.MODIFIED, ref, new)
        elif was and not fits:
            yield Event(EventType.DELETED, ref, old)
        elif fits and old is not None:
            changed = _changed(old, new)
            if changed:
                yield Event(EventType.MODIFIED, ref, new, changed)
        elif not known:
            yield Event(EventType.DELETED, ref)

    def _gone(self, ref: Ref) -> Iterator[Event[Any]]:
        old = self._records.pop(ref, None)
        if old is not None and _fits(self._queries[ref.kind], old):
            yield Event(EventType.DELETED, ref, old)
        elif old is None and not self.complete:
            yield Event(EventType.DELETED, ref)


def _fits(query: Query[Any], record: Resource) -> bool:
    """Whether a record was among the watched. The caller's own may lack fields of the filter: given, so it was."""
    loaded = all(each.field in record.loaded for each in query.filters)
    return not loaded or query.matches(record)


def _changed(old: Resource, new: Resource) -> frozenset[str]:
    if old == new:
        return frozenset()
    return frozenset(name for name in new.loaded & old.loaded if getattr(old, name) != getattr(new, name))
