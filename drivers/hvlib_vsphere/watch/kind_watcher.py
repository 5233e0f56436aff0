"""KindWatcher: one query's part of a feed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hvlib.driver import Change, Gone, Upsert
from hvlib.driver.table import ID
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib_vsphere.adapter import TableAdapter
from hvlib_vsphere.data_objects import Fault, MoRef, Row
from hvlib_vsphere.errors import fault_error
from hvlib_vsphere.records import check_row
from hvlib_vsphere.wire.decoding import as_tuple
from hvlib_vsphere.wire.property_spec import filter_spec

__all__ = ["KindWatcher"]


class KindWatcher:
    """One query's part of a feed: its filter on the server, and the rows that it sent, by object."""

    def __init__(self, adapter: TableAdapter[Any], query: Query[Any]) -> None:
        self.records = adapter.records(query)
        self._awaited = set(query.refs or ())
        self._rows: dict[str, Row] = {}
        self._shown: set[Ref] = set()
        chosen = query.refs is not None
        objects = adapter.specs_of(query.refs or ()) if chosen else adapter.selection()
        # A filter needs an object.
        self.spec = objects and filter_spec(adapter.table.native_type, self.records.paths, objects, skip_missing=chosen)

    def changes(self, update: dict[str, Any]) -> Iterator[Change]:
        """The changes of one PropertyFilterUpdate."""
        for each in as_tuple(update.get("objectSet")):
            yield from self._object(each)
        for each in as_tuple(update.get("missingSet")):
            yield from self._missing(each["obj"], Fault.of_localized(each.get("fault")))

    def absent(self) -> Iterator[Change]:
        """The refs asked for that the snapshot, which is complete now, does not hold."""
        for ref in self._awaited - self._shown:
            yield Gone(ref)
        self._awaited.clear()

    def _object(self, update: dict[str, Any]) -> Iterator[Change]:
        """An ObjectUpdate: enter, modify or leave. One may enter again: then its values are replaced."""
        ref = update["obj"]
        if ref.type == self.records.witness:
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
        for change in as_tuple(update.get("changeSet")):
            row.values[change["name"]] = change.get("val")
            row.missing.pop(change["name"], None)
        for each in as_tuple(update.get("missingSet")):
            row.missing[each["path"]] = Fault.of_localized(each.get("fault"))
            row.values.pop(each["path"], None)
        return row

    def _missing(self, ref: MoRef, fault: Fault) -> Iterator[Change]:
        """A MissingObject: one that the filter names, and the server can't read. Only what is not found is gone."""
        if check_row(Row(ref, {}, {ID: fault})):
            raise fault_error(fault)
        yield from self._gone(ref.id)

    def _gone(self, id: str) -> Iterator[Change]:
        self._rows.pop(id, None)
        yield from self._hidden(self.records.ref(id))

    def _hidden(self, ref: Ref) -> Iterator[Change]:
        """Not there any more, or of another kind now: said once."""
        if ref in self._shown:
            self._shown.discard(ref)
            yield Gone(ref)
