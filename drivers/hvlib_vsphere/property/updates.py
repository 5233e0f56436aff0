"""Updates: the changes that a collector's filters report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hvlib_vsphere.data_objects import Fault, MoRef
from hvlib_vsphere.values import is_true
from hvlib_vsphere.wire.decoding import as_tuple

__all__ = ["FilterUpdate", "ObjectUpdate", "UpdateSet", "WaitOptions", "update_set"]


class WaitOptions(msgspec.Struct, frozen=True):
    """How to wait for updates.

    | max_object_updates: the most objects in one reply; the server sends the others in further replies. None: its own
      limit
    | max_wait_seconds: whole seconds without a change after which the wait ends. None: it does not end
    | propagate_missing: whether an object or a property that can't be read ends the wait with its error
    """

    max_object_updates: int | None = None
    max_wait_seconds: int | None = None
    propagate_missing: bool = False


class ObjectUpdate(msgspec.Struct, frozen=True):
    """The changes of one object.

    | kind: ``enter``, ``modify`` or ``leave``: whether the object came into the filter, changed there, or left it
    | values: the new values of the properties that have changed
    | missing: the faults of properties that can't be read
    """

    kind: str
    ref: MoRef
    values: Mapping[str, Any]
    missing: Mapping[str, Fault]


class FilterUpdate(msgspec.Struct, frozen=True):
    """The changes of one filter's objects.

    | filter: the reference to the filter
    | missing: the faults of objects that can't be read
    | truncated: whether the server has more changes, which come next
    """

    filter: MoRef
    objects: Sequence[ObjectUpdate]
    missing: Mapping[MoRef, Fault]
    truncated: bool


class UpdateSet(msgspec.Struct, frozen=True):
    """One reply: the changes since the last version, by filter, and the version to ask for next."""

    version: str
    filters: Sequence[FilterUpdate]
    truncated: bool


def update_set(value: Any) -> UpdateSet | None:
    """The UpdateSet that WaitForUpdatesEx returned; None if nothing has changed."""
    if value is None:
        return None
    truncated = is_true(value.get("truncated"))
    filters = [_filter_update(each, truncated) for each in as_tuple(value.get("filterSet"))]
    return UpdateSet(value["version"], filters, truncated)


def _filter_update(value: Mapping[str, Any], truncated: bool) -> FilterUpdate:
    missing = {each["obj"]: Fault.of_localized(each.get("fault")) for each in as_tuple(value.get("missingSet"))}
    objects = [_object_update(each) for each in as_tuple(value.get("objectSet"))]
    return FilterUpdate(value["filter"], objects, missing, truncated)


def _object_update(value: Mapping[str, Any]) -> ObjectUpdate:
    return ObjectUpdate(
        value.get("kind", ""),
        value["obj"],
        {each["name"]: each.get("val") for each in as_tuple(value.get("changeSet"))},
        {each["path"]: Fault.of_localized(each.get("fault")) for each in as_tuple(value.get("missingSet"))},
    )
