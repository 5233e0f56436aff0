"""KindWatcher: one query's part of a feed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from hvlib.driver import Change, Gone, Upsert
from hvlib.driver.table import ID
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib_vsphere.adapter import Scope, TableAdapter, property_specs
from hvlib_vsphere.data_objects import Fault, MoRef, Row
from hvlib_vsphere.errors import fault_error
from hvlib_vsphere.property.spec import FilterSpec, ObjectSpec, PropertySpec
from hvlib_vsphere.property.updates import FilterUpdate, ObjectUpdate
from hvlib_vsphere.records import check_row
from hvlib_vsphere.wire.caller import Calls

__all__ = ["KindWatcher", "Subject"]


class Subject(NamedTuple):
    """The objects that a filter on the server reports. Queries for equal subjects share a filter.

    | native_type: their type
    | subtypes: the properties that only a subtype has, with the subtype
    | chosen: whether they are named one by one, so that one of them may be missing
    """

    native_type: str
    subtypes: tuple[tuple[str, str], ...]
    objects: tuple[ObjectSpec, ...]
    witnesses: tuple[PropertySpec, ...]
    chosen: bool

    def spec(self, paths: Sequence[str] | None) -> FilterSpec:
        """The spec for these properties, or for all."""
        properties = property_specs(self.native_type, dict(self.subtypes), paths)
        return FilterSpec([*self.witnesses, *properties], self.objects, self.chosen)


class KindWatcher:
    """One query's part of a feed: its filter on the server, and the rows that the server has sent, by object.

    For each set of updates, the feed calls `take`, then `join`, then `changes`.
    """

    def __init__(self, adapter: TableAdapter[Any], query: Query[Any]) -> None:
        self.records = adapter.records(query)
        self._awaited = set(query.refs or ())
        self._rows: dict[str, Row] = {}
        self._taken: dict[str, Row | None] = {}
        self._shown: dict[str, frozenset[Ref]] = {}
        """The refs of the records that were shown, by the identifier of the server's object."""
        chosen = query.refs is not None
        scope = Scope(adapter.objects_of(query.refs or ())) if chosen else adapter.everywhere()
        # A filter needs an object: without any, the feed makes no filter.
        about = adapter.table.native_type, tuple(adapter.subtypes.items())
        subject = Subject(*about, tuple(scope.objects), tuple(scope.witnesses), chosen)
        self.subject = subject if subject.objects else None

    def take(self, update: FilterUpdate) -> None:
        """Take the changes of the filter's objects."""
        for each in update.objects:
            if each.ref.type not in self.records.witnesses:
                self._taken[each.ref.id] = self._row(each)
        for ref, fault in update.missing.items():
            self._missing(ref, fault)

    def named(self) -> set[MoRef]:
        """The VMs that the rows name."""
        return self.records.named(self._rows.values())

    def named_by_changes(self) -> set[MoRef]:
        """The VMs that the rows of the taken updates name."""
        return self.records.named([row for row in self._taken.values() if row is not None])

    def note_template(self, vm: MoRef, template: bool) -> None:
        """Store whether a VM is a template. If that has changed, the records that refer to the VM are sent again."""
        if self.records.templates.note(vm, template):
            self._taken.update({id: row for id, row in self._rows.items() if vm in self.records.named([row])})

    def join(self, calls: Calls) -> None:
        """`RecordMaker.join` for the rows of the taken updates."""
        self.records.join([row for row in self._taken.values() if row is not None], calls)

    def changes(self) -> list[Change]:
        """The changes that the taken updates make."""
        taken, self._taken = self._taken, {}
        return [change for id, row in taken.items() for change in self._change(id, row)]

    def absent(self) -> Iterator[Change]:
        """A Gone for each ref of the query that the complete snapshot does not have."""
        yield from map(Gone, self._awaited.difference(*self._shown.values()))
        self._awaited.clear()

    def _row(self, update: ObjectUpdate) -> Row | None:
        """The row of an object, complete as in a listing; None if the object has left the filter.

        An object may enter again: its values are then replaced.
        """
        ref = update.ref
        if update.kind == "leave":
            self._rows.pop(ref.id, None)
            return None
        if update.kind == "enter" or ref.id not in self._rows:
            self._rows[ref.id] = Row(ref, {}, {})
        row = self._rows[ref.id]
        for path, value in update.values.items():
            row.values[path] = value
            row.missing.pop(path, None)
        for path, fault in update.missing.items():
            row.missing[path] = fault
            row.values.pop(path, None)
        return row

    def _missing(self, ref: MoRef, fault: Fault) -> None:
        """Take a MissingObject, which the server could not read. Raises its fault, unless that says that it is gone."""
        if check_row(Row(ref, {}, {ID: fault})):
            raise fault_error(fault)
        self._rows.pop(ref.id, None)
        self._taken[ref.id] = None

    def _change(self, id: str, row: Row | None) -> Iterator[Change]:
        """The Upserts of an object's records, and a Gone for each record that it had before and has no more."""
        shown = self._shown.pop(id, frozenset())
        records = [] if row is None else list(self.records.each(row))
        if records:
            self._shown[id] = frozenset(record.ref for record in records)
        yield from map(Upsert, records)
        yield from map(Gone, shown - self._shown.get(id, frozenset()))
