"""Store: holds the last known records of a watch, and turns a feed's changes into events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hvlib.driver import Change, Gone, Upsert
from hvlib.model.arguments import text
from hvlib.model.errors import InvalidQuery
from hvlib.model.event import Event, EventType
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["Known", "Store", "check_start"]

Known = Mapping[Ref, Resource] | Iterable[Resource]

KNOWN_HINT = "give known= what get_all_records() returned"


class Store:
    """Holds the last known records of a watch, and turns a feed's changes into events.

    ``known`` are the caller's last records. Without them, unless the watch starts with a snapshot, the store is not
    ``complete``: it can't find out which objects were deleted.
    """

    def __init__(self, queries: Sequence[Query[Any]], known: Known | None, *, complete: bool) -> None:
        self.complete = complete or known is not None
        self._queries = {query.kind.kind: query for query in queries}
        self._records = _by_ref(known)
        for ref in self._records:
            if not isinstance(ref, Ref) or ref.kind not in self._queries:
                raise InvalidQuery(f"known= has {ref!r}, which is not watched", hint=KNOWN_HINT)
        self._seen: set[Ref] | None = None

    def check_provider(self, uuid: str) -> None:
        """Raise `InvalidQuery` if a known record is of another provider: its object would appear to be deleted."""
        for ref in self._records:
            if ref.provider_uuid != uuid:
                raise InvalidQuery(f"known= has {ref}, which is of another provider")

    def begin_snapshot(self) -> None:
        """Take the changes until `end_snapshot` as a list of all objects. A snapshot that has begun starts over."""
        self._seen = set()

    def end_snapshot(self) -> Iterator[Event[Any]]:
        """The events for the deletion of the objects that were not in the snapshot."""
        seen = self._seen
        self._seen = None
        if seen is None:
            return
        for ref in [ref for ref in self._records if ref not in seen]:
            yield from self._gone(ref)
        self.complete = True

    def apply(self, change: Change) -> Iterator[Event[Any]]:
        """The events of one change; none if no requested field has changed."""
        match change:
            case Upsert():
                yield from self._upsert(change.record, change.created)
            case Gone():
                yield from self._gone(change.ref)

    def _upsert(self, record: Resource, created: bool = False) -> Iterator[Event[Any]]:
        ref, old = record.ref, self._records.get(record.ref)
        query = self._queries[ref.kind]
        self._records[ref] = record
        if self._seen is not None:
            self._seen.add(ref)
        known = old is not None or self.complete or created
        was, fits = old is not None and _fits(query, old), query.matches(record)
        if fits and not was:
            yield Event(EventType.ADDED if known else EventType.MODIFIED, ref, record)
        elif was and not fits:
            yield Event(EventType.DELETED, ref, old)
        elif fits and old is not None:
            changed = _changed(old, record)
            if changed:
                yield Event(EventType.MODIFIED, ref, record, changed)
        elif not known:
            yield Event(EventType.DELETED, ref)

    def _gone(self, ref: Ref) -> Iterator[Event[Any]]:
        old = self._records.pop(ref, None)
        if old is not None and _fits(self._queries[ref.kind], old):
            yield Event(EventType.DELETED, ref, old)
        elif old is None and not self.complete:
            yield Event(EventType.DELETED, ref)


def _fits(query: Query[Any], record: Resource) -> bool:
    """Whether a record matches the filters. A caller's known record without the filters' fields counts as a match."""
    loaded = all(each.field in record.loaded for each in query.filters)
    return not loaded or query.matches(record)


def _changed(old: Resource, new: Resource) -> frozenset[str]:
    if old == new:
        return frozenset()
    return frozenset(name for name in new.loaded & old.loaded if getattr(old, name) != getattr(new, name))


def check_start(since: object, known: Known | None) -> dict[Ref, Resource] | None:
    """The caller's known records, by ref; None if ``known`` is None. Raises `InvalidQuery` for a wrong argument."""
    if since is not None:
        text("since", since)
    return None if known is None else _by_ref(known)


def _by_ref(known: Known | None) -> dict[Ref, Resource]:
    """The caller's records. Raises `InvalidQuery` for anything else."""
    if known is not None and (isinstance(known, (str, bytes)) or not isinstance(known, Iterable)):
        raise InvalidQuery(f"known= takes records, not {known!r}", hint=KNOWN_HINT)
    records = list(known.values() if isinstance(known, Mapping) else known or ())
    for record in records:
        if not isinstance(record, Resource):
            raise InvalidQuery(f"known= takes records, and {record!r} is not one", hint=KNOWN_HINT)
    by_ref = {record.ref: record for record in records}
    if isinstance(known, Mapping) and by_ref.keys() != known.keys():
        raise InvalidQuery("known= has records under the refs of other objects", hint=KNOWN_HINT)
    return by_ref
