"""Replica: the objects that a watch's events describe, as plain values; and the site's truth in the same form."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import hvlib
from hvlib.conformance.site import Site
from hvlib.model.event import EventType
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["Objects", "Replica", "differing", "plain", "plain_records", "truth"]

Objects = dict[tuple[str, str], dict[str, object]]
"""Objects by kind and identifier, each as its fields' values, in which references are identifiers."""


class Replica:
    """Objects that are kept up to date by a watch's events. Each event must fit the objects so far."""

    def __init__(self, objects: Mapping[tuple[str, str], dict[str, object]] | None = None) -> None:
        self.objects: Objects = dict(objects or {})

    def apply(self, event: hvlib.Event[Any]) -> None:
        """Apply an event. AssertionError if it does not fit the objects so far."""
        if event.type is EventType.SYNCED:
            assert (event.ref, event.resource) == (None, None)
            return
        assert event.ref is not None
        key = (event.ref.kind, event.ref.id)
        assert (key in self.objects) == (event.type is not EventType.ADDED), (
            f"{event.type} of {key} does not fit the events before"
        )
        if event.type is EventType.MODIFIED:
            assert event.resource is not None
            self._check_changes(key, plain(event.resource), event.changed)
        if event.type is EventType.DELETED:
            assert event.resource is not None
            assert plain(event.resource) == self.objects[key], "a DELETED carries the last known record"
        self.take(event)

    def take(self, event: hvlib.Event[Any]) -> None:
        """Apply an event without a check, for a watch that did not begin with this replica's objects."""
        if event.ref is None:
            return
        key = (event.ref.kind, event.ref.id)
        if event.type is EventType.DELETED:
            self.objects.pop(key, None)
        else:
            assert event.resource is not None
            self.objects[key] = plain(event.resource)

    def _check_changes(self, key: tuple[str, str], now: dict[str, object], changed: Set[str] | None) -> None:
        """AssertionError unless ``changed`` names exactly the fields that differ."""
        before = self.objects[key]
        assert changed == {name for name in now if now[name] != before.get(name)}


def plain(record: Resource) -> dict[str, object]:
    """The loaded fields, references as identifiers."""
    return {name: _plain(getattr(record, name)) for name in record.loaded}


def plain_records(records: Mapping[Ref, Resource]) -> Objects:
    """Records as a replica holds them."""
    return {(ref.kind, ref.id): plain(record) for ref, record in records.items()}


def differing(objects: Objects, expected: Objects) -> set[tuple[str, str]]:
    """The keys of objects that are missing, are not expected, or differ in a field that ``expected`` has."""
    return set(objects.keys() ^ expected.keys()) | {
        key
        for key in objects.keys() & expected.keys()
        if any(objects[key].get(name) != value for name, value in expected[key].items())
    }


def truth(site: Site, *kinds: type[Resource], fields: frozenset[str] | None = None) -> Objects:
    """All objects of some kinds, from the site; with ``fields``, only these fields."""
    return {
        (kind.kind, id): {name: value for name, value in values.items() if fields is None or name in fields}
        for kind in kinds
        for id, values in site.truth(kind).items()
    }


def _plain(value: object) -> object:
    if isinstance(value, Ref):
        return value.id
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    return value
