"""TableAdapter: the base adapter, which reads a table of properties through the server's PropertyCollector.

One call reads the leaf properties of all objects of a page. There is never a call for each object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple, TypeVar

from hvlib.driver import Adapter, Listing, PageToken, Started
from hvlib.driver.table import Table, item_or_none
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource, TaskRecord
from hvlib_vsphere.data_objects import MoRef, Row
from hvlib_vsphere.listing import PropertyListing, WholeListing
from hvlib_vsphere.property.retrieval import PAGE_SIZE, InventoryRetrieval, Retrieval, read_all
from hvlib_vsphere.property.search import SearchIndex
from hvlib_vsphere.property.spec import FilterSpec, ObjectSpec, PropertySpec, Traversal
from hvlib_vsphere.property.views import view_objects
from hvlib_vsphere.records import Collected, RecordMaker, check_row
from hvlib_vsphere.values import moref_of
from hvlib_vsphere.wire.client import Client

__all__ = ["IndexedAdapter", "Scope", "TableAdapter", "property_specs"]

R = TypeVar("R", bound=Resource)


class Scope(NamedTuple):
    """Objects from which all objects of a kind are reached.

    | objects: the objects, such as a view or hosts
    | witnesses: a property of the objects that are read too. If the session is lost, they are reported without it:
      otherwise nothing at all would be
    """

    objects: Sequence[ObjectSpec]
    witnesses: Sequence[PropertySpec] = ()


def property_specs(native_type: str, subtypes: Mapping[str, str], paths: Sequence[str] | None) -> list[PropertySpec]:
    """The specs of these properties, or of all, of a type. ``subtypes``: the ones that only a subtype has."""
    of_all = None if paths is None else tuple(path for path in paths if path not in subtypes)
    found = [PropertySpec(native_type, of_all)]
    for subtype in dict.fromkeys(subtypes.values()):
        own = tuple(path for path in paths or () if subtypes.get(path) == subtype)
        if own:
            found.append(PropertySpec(subtype, own))
    return found


class TableAdapter(Adapter[R]):
    """Reads a table of properties through the login's PropertyCollector.

    A property that the user may not read raises `PermissionDenied`: None would mean that the server has no value.
    """

    table: ClassVar[Table[Any]]
    witnesses: ClassVar[frozenset[str]] = frozenset()
    """The types of all witnesses in scopes of this kind: `RecordMaker.witnesses`."""

    scopes: ClassVar[Mapping[str, str]] = {}
    """For fields that refer to other objects: the property of such an object that has the objects of this kind."""

    subtypes: ClassVar[Mapping[str, str]] = {}
    """For properties that only a subtype of the table's native type has: the subtype."""

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

    def everywhere(self) -> Scope:
        """The scope of all objects of the kind: a view. A lost session has no view, so it can't look empty."""
        return Scope([view_objects(self.client.view(self.table.native_type))])

    def objects_of(self, refs: Iterable[Ref]) -> list[ObjectSpec]:
        """The objects of the refs that are of this kind."""
        return [ObjectSpec(moref_of(ref)) for ref in refs if ref.kind == self.kind.kind]

    def properties(self, paths: Sequence[str] | None) -> list[PropertySpec]:
        """The specs of these properties, or of all, of the objects of this kind."""
        return property_specs(self.table.native_type, self.subtypes, paths)

    def records(self, query: Query[R]) -> RecordMaker[R]:
        """The maker of the query's records."""
        return RecordMaker(self.table, query, self.client, self.witnesses)

    def scope(self, query: Query[R]) -> Scope | None:
        """The objects below which all that the query wants is, by one of its filters; None: everywhere."""
        for each in query.filters:
            refs = [value for value in each.alternatives if isinstance(value, Ref)]
            if each.field in self.scopes and len(refs) == len(each.alternatives):
                return self._below(self.scopes[each.field], [moref_of(ref) for ref in refs])
        return None

    def open(self, query: Query[R], after: PageToken | None) -> Listing[R]:
        """PropertyCollector.RetrievePropertiesEx on a view, then ContinueRetrievePropertiesEx: one round trip a page.

        The first listing of a kind also makes its view: one round trip more. If objects of another kind name VMs, one
        round trip more asks which of the VMs are templates. A filter by one of the `scopes` reads only what is there.
        Raises `CursorLost` for any token.
        """
        if after is not None:
            raise CursorLost("a vSphere listing can be continued only by the iterator that began it")
        records, size = self.records(query), query.page_size or PAGE_SIZE
        if self.sparse or records.joined:
            return WholeListing(partial(self._all, records), size)
        return PropertyListing(self._retrieval(records.paths, self.scope(query)), records, size)

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """PropertyCollector.RetrievePropertiesEx on these objects: one round trip; one more if they name VMs."""
        objects = self.objects_of(refs)
        if not objects:
            return []
        records = self.records(query)
        spec = FilterSpec(self.properties(records.paths), objects, report_missing=True)
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

        read_all(self._retrieval(self.paths or list(self.table.fields[field].natives())), compare)
        return [self.client.context.ref(self.kind, id) for id in found]

    def call(self, method: str, this: Ref, arguments: str = "") -> Any:
        """Call a method of an object of this kind."""
        return self.client.call(method, moref_of(this), arguments)

    def start_task(self, method: str, this: Ref, arguments: str = "") -> Started:
        """Call a ``..._Task`` method of an object of this kind."""
        return Started(self.client.context.ref(TaskRecord, self.call(method, this, arguments).id))

    def _all(self, records: RecordMaker[R]) -> Collected[R]:
        """The records of all objects of the kind."""
        collected, retrieval = Collected[R](), self._retrieval(records.paths)
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

    def _retrieval(self, paths: Sequence[str] | None, scope: Scope | None = None) -> Retrieval:
        """The retrieval of these properties of all objects of the kind, or of those in a scope."""

        def spec() -> FilterSpec:
            within = scope or self.everywhere()
            properties = [*within.witnesses, *self.properties(paths)]
            # A host that is gone has no VMs, which is no error.
            return FilterSpec(properties, within.objects, report_missing=scope is not None)

        return InventoryRetrieval(self.client, spec)

    @staticmethod
    def _below(path: str, objects: Sequence[MoRef]) -> Scope:
        """The scope of what a property of these objects refers to."""
        specs = [ObjectSpec(each, (Traversal(each.type, path),)) for each in objects]
        return Scope(specs, [PropertySpec(type, ("name",)) for type in dict.fromkeys(each.type for each in objects)])


class IndexedAdapter(TableAdapter[R]):
    """A kind whose objects the server finds by uuid in its SearchIndex."""

    vm_search: ClassVar[bool]
    """The ``vms`` of `SearchIndex.by_uuid`: True to search the VMs, False to search the hosts."""

    def find(self, field: str, value: str) -> list[Ref]:
        """By uuid: SearchIndex.FindAllByUuid, one round trip. By name: reads the names of all objects."""
        if field != "uuid":
            return super().find(field, value)
        found = SearchIndex(self.client).by_uuid(value, vms=self.vm_search)
        return [self.client.context.ref(self.kind, each.id) for each in found]
