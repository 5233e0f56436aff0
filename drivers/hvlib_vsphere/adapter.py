"""TableAdapter: the base adapter, which reads a table of properties through the server's PropertyCollector.

One call reads the leaf properties of all objects of a page. There is never a call for each object.
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
from hvlib_vsphere.listing import PropertyListing, WholeListing
from hvlib_vsphere.records import Collected, RecordMaker, check_row
from hvlib_vsphere.wire.client import Client
from hvlib_vsphere.wire.filter_spec import filter_spec, object_specs, traverse
from hvlib_vsphere.wire.paging import PAGE_SIZE, InventoryRetrieval, Retrieval, read_all
from hvlib_vsphere.wire.search import find_by_uuid

__all__ = ["IndexedAdapter", "TableAdapter"]

R = TypeVar("R", bound=Resource)


class TableAdapter(Adapter[R]):
    """Reads a table of properties through the login's PropertyCollector.

    A property that the user may not read raises `PermissionDenied`: None would mean that the server has no value.
    """

    table: ClassVar[Table[Any]]
    witness: ClassVar[str | None] = None
    """`RecordMaker.witness`."""

    sparse: ClassVar[bool] = False
    """Whether most of the server's objects are not of the kind. A listing then reads all of them before its first page:
    the server's own pages would be nearly empty."""

    paths: ClassVar[Sequence[str]] = ()
    """The properties that are read for any fields; empty: those that the table names for the fields."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.fields = self.table.declared()

    def rows(self, row: Row) -> Iterable[Row]:
        """The rows of this kind that are made of one of the server's."""
        return (row,)

    def selection(self) -> str:
        """The ObjectSpec of all objects of the kind, in a view. A lost session has no view, so it can't look empty."""
        return traverse(self.client.view(self.table.native_type), "view", skip=True)

    def moref(self, ref: Ref) -> MoRef:
        """The server's reference to an object of this kind."""
        return MoRef(self.table.native_type, ref.id)

    def specs_of(self, refs: Iterable[Ref]) -> str:
        """The ObjectSpecs of the refs that are of this kind."""
        return object_specs(self.moref(ref) for ref in refs if ref.kind == self.kind.kind)

    def records(self, query: Query[R]) -> RecordMaker[R]:
        """The maker of the query's records."""
        return RecordMaker(self.table, query, self.client, self.witness)

    def open(self, query: Query[R], after: PageToken | None) -> Listing[R]:
        """PropertyCollector.RetrievePropertiesEx on a view, then ContinueRetrievePropertiesEx: one round trip a page.

        The first listing of a kind also makes its view: one round trip more. If objects of another kind name VMs, one
        round trip more asks which of the VMs are templates. Raises `CursorLost` for any token.
        """
        if after is not None:
            raise CursorLost("a vSphere listing can be continued only by the iterator that began it")
        records, size = self.records(query), query.page_size or PAGE_SIZE
        if self.sparse or records.joined:
            return WholeListing(partial(self._all, records), size)
        return PropertyListing(self._everything(records.paths), records, size)

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """PropertyCollector.RetrievePropertiesEx on these objects: one round trip; one more if they name VMs."""
        objects = self.specs_of(refs)
        if not objects:
            return []
        records = self.records(query)
        spec = filter_spec(self.table.native_type, records.paths, objects, skip_missing=True)
        return records.all(self._rows(Retrieval(self.client, lambda: spec), records))

    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """`find`, then the properties of the objects found: one round trip more."""
        refs = self.find(field, value)
        return self.get(refs, query) if refs else []

    def find(self, field: str, value: str) -> list[Ref]:
        """The refs of the objects whose field has this value. Reads the field of all objects: one round trip a page."""
        read = self.table.reader(field, item_or_none, self.client.context, self.client)
        found: list[str] = []

        def compare(row: Row) -> None:
            if check_row(row):
                found.extend(each.ref.id for each in self.rows(row) if read(each.ref.id, each.values) == value)

        read_all(self._everything(self.paths or list(self.table.fields[field].natives())), compare)
        return [self.client.context.ref(self.kind, id) for id in found]

    def call(self, method: str, this: Ref, arguments: str = "") -> Any:
        """Call a method of an object of this kind."""
        return self.client.call(method, self.moref(this), arguments)

    def start_task(self, method: str, this: Ref, arguments: str = "") -> Started:
        """Call a ``..._Task`` method of an object of this kind."""
        return Started(self.client.context.ref(TaskRecord, self.call(method, this, arguments).id))

    def _all(self, records: RecordMaker[R]) -> Collected[R]:
        """The records of all objects of the kind."""
        collected, retrieval = Collected[R](), self._everything(records.paths)
        take = records.collect(collected)
        if records.joined:
            for row in self._rows(retrieval, records):
                take(row)
        else:
            read_all(retrieval, take)
        return collected

    def _rows(self, retrieval: Retrieval, records: RecordMaker[R]) -> list[Row]:
        """All rows of a retrieval, after reading the objects that are joined to them."""
        rows: list[Row] = []
        read_all(retrieval, rows.append)
        records.join(rows, self.client)
        return rows

    def _everything(self, paths: Sequence[str] | None) -> Retrieval:
        """The retrieval of these properties of all objects of the kind."""
        return InventoryRetrieval(self.client, lambda: filter_spec(self.table.native_type, paths, self.selection()))


class IndexedAdapter(TableAdapter[R]):
    """A kind whose objects the server finds by uuid in its SearchIndex."""

    vm_search: ClassVar[bool]
    """The ``vms`` of `find_by_uuid`: True to search the VMs, False to search the hosts."""

    def find(self, field: str, value: str) -> list[Ref]:
        """By uuid: SearchIndex.FindAllByUuid, one round trip. By name: reads the names of all objects."""
        if field != "uuid":
            return super().find(field, value)
        found = find_by_uuid(self.client, value, vms=self.vm_search)
        return [self.client.context.ref(self.kind, id) for id in found]
