"""TableAdapter: an adapter that is a table, read through the server's PropertyCollector.

Leaf paths are read, of all objects of a page in one call; never an object alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar

from hvlib.driver import Adapter, Listing, PageToken, Started
from hvlib.driver.table import Table, item_or_none
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource, TaskRecord
from hvlib_vsphere.data_objects import MoRef, Row
from hvlib_vsphere.listing import JoinedListing, PropertyListing
from hvlib_vsphere.records import RecordMaker, check_row
from hvlib_vsphere.wire.client import Client
from hvlib_vsphere.wire.filter_spec import filter_spec, object_specs, traverse
from hvlib_vsphere.wire.paging import PAGE_SIZE, Retrieval, read_all
from hvlib_vsphere.wire.search import find_by_uuid

__all__ = ["IndexedAdapter", "TableAdapter"]

R = TypeVar("R", bound=Resource)


class TableAdapter(Adapter[R]):
    """Reads a table of properties through the login's PropertyCollector.

    A property that the user may not read raises `PermissionDenied`: None would say that the server has none.
    """

    table: ClassVar[Table[Any]]
    witness: ClassVar[str | None] = None
    """`RecordMaker.witness`."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.fields = self.table.declared()

    def selection(self) -> str:
        """The ObjectSpec of all objects of the kind. A lost session has no view, so it can't look like an empty one."""
        return traverse(self.client.view(self.table.native_type), "view", skip=True)

    def moref(self, ref: Ref) -> MoRef:
        """The server's reference of an object of this kind."""
        return MoRef(self.table.native_type, ref.id)

    def specs_of(self, refs: Iterable[Ref]) -> str:
        """The ObjectSpecs of those of the objects that are of this kind."""
        return object_specs(self.moref(ref) for ref in refs if ref.kind == self.kind.kind)

    def records(self, query: Query[R]) -> RecordMaker[R]:
        """The maker of the query's records."""
        return RecordMaker(self.table, query, self.client, self.witness)

    def open(self, query: Query[R], after: PageToken | None) -> Listing[R]:
        """PropertyCollector.RetrievePropertiesEx on a view, then ContinueRetrievePropertiesEx: a round trip a page.

        The first listing of a kind makes its view: one more. One more too where VMs are named, in the field of another
        kind: whether they are templates. Raises `CursorLost` for any token.
        """
        if after is not None:
            raise CursorLost("a vSphere listing ends with the provider's own iteration of it")
        records, size = self.records(query), query.page_size or PAGE_SIZE
        if records.joined:
            return JoinedListing(partial(self._all_rows, records), records, size)
        return PropertyListing(self._everything(records.paths), records, size)

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """PropertyCollector.RetrievePropertiesEx on these objects: one round trip; another one if they name VMs."""
        objects = self.specs_of(refs)
        if not objects:
            return []
        records = self.records(query)
        spec = filter_spec(self.table.native_type, records.paths, objects, skip_missing=True)
        return records.all(self._rows(Retrieval(self.client, lambda: spec), records))

    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """`find`, then the properties of those objects: one round trip more."""
        found = self.find(field, value)
        return self.get(found, query) if found else []

    def find(self, field: str, value: str) -> list[Ref]:
        """The refs of the objects whose field has this value: it is read of all, a round trip a page."""
        read = self.table.reader(field, item_or_none, self.client.context, self.client)
        found: list[Ref] = []

        def compare(row: Row) -> None:
            if check_row(row) and read(row.ref.id, row.values) == value:
                found.append(self.client.context.ref(self.kind, row.ref.id))

        read_all(self._everything(list(self.table.fields[field].natives())), compare)
        return found

    def call(self, method: str, this: Ref, arguments: str = "") -> Any:
        """Call a method of an object of this kind."""
        return self.client.call(method, self.moref(this), arguments)

    def start_task(self, method: str, this: Ref, arguments: str = "") -> Started:
        """Call a ``..._Task`` method of an object of this kind."""
        return Started(self.client.context.ref(TaskRecord, self.call(method, this, arguments).id))

    def _all_rows(self, records: RecordMaker[R]) -> list[Row]:
        """The rows of all objects of the kind."""
        return self._rows(self._everything(records.paths), records)

    def _rows(self, retrieval: Retrieval, records: RecordMaker[R]) -> list[Row]:
        """All rows of a retrieval, and what is joined to them."""
        rows: list[Row] = []
        read_all(retrieval, rows.append)
        records.join(rows, self.client)
        return rows

    def _everything(self, paths: Sequence[str] | None) -> Retrieval:
        """The retrieval of these properties of all objects of the kind."""
        return Retrieval(self.client, lambda: filter_spec(self.table.native_type, paths, self.selection()))


class IndexedAdapter(TableAdapter[R]):
    """A kind whose objects the server finds by uuid in its SearchIndex."""

    vm_search: ClassVar[bool]
    """`find_by_uuid`'s ``vms``: whether the index of VMs is asked, or that of hosts."""

    def find(self, field: str, value: str) -> list[Ref]:
        """By uuid: SearchIndex.FindByUuid, one round trip. By name: the names of all."""
        if field != "uuid":
            return super().find(field, value)
        found = find_by_uuid(self.client, value, vms=self.vm_search)
        return [] if found is None else [self.client.context.ref(self.kind, found)]
