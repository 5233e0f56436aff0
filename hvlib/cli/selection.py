"""Selection: the objects that a command line names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hvlib.api.collection import Collection
from hvlib.api.naming import canonical_uuid, only_one
from hvlib.model.errors import AmbiguousName, HvlibError, NotFound
from hvlib.model.resources import Resource

__all__ = ["select"]

R = TypeVar("R", bound=Resource)


def select(collection: Collection[R], wanted: Sequence[str]) -> list[R]:
    """The objects with these uuids or names: by one `Collection.find`, or, for several, by one listing of all names.

    Raises an ExceptionGroup with a `NotFound` or `AmbiguousName` for each text that means no object, or several.
    """
    if len(wanted) == 1:
        return [collection.find(wanted[0])]
    by_name: dict[str, list[R]] = {}
    by_uuid: dict[str, R] = {}
    for record in collection.get_all(fields=["name_label", "uuid"]):
        by_name.setdefault(record.name_label, []).append(record)
        by_uuid[record.uuid] = record
    records: list[R] = []
    errors: list[HvlibError] = []
    for text in dict.fromkeys(wanted):
        uuid = canonical_uuid(text)
        candidates = [by_uuid[uuid]] if uuid in by_uuid else by_name.get(text, [])
        try:
            records.append(only_one(collection.kind, text, candidates))
        except (NotFound, AmbiguousName) as error:
            errors.append(error)
    if errors:
        raise ExceptionGroup("some names mean no object, or several", errors)
    return list({record.ref: record for record in records}.values())
