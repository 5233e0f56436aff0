"""TableAdapter: an adapter that is a table, read through the server's PropertyCollector.

Leaf paths are read, of all objects of a page in one call; never an object alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, TypeVar

from hvlib.driver import Adapter, Listing, PageToken, Started
from hvlib.model.errors import CursorLost
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource, TaskRecord
from hvlib_vsphere.data_objects import MoRef, Row
from hvlib_vsphere.listing import PropertyListing, Retrieval
from hvlib_vsphere.table import SELF, Records, Table, check_row
from hvlib_vsphere.wire.client import Client
from hvlib_vsphere.wire.property_spec import filter_spec, object_specs, traverse

__all__ = ["TableAdapter"]

R = TypeVar("R", bound=Resource)

PAGE_SIZE = 1000


class TableAdapter(Adapter[R]):
    """Reads a table of properties through the login's PropertyCollector.

    A property that the user may not read raises `PermissionDenied`: None would say that the server has none.
    """

    table: ClassVar[Table[Any]]

    def __init__(self, client: Client) -> None:
        self.client = client
        self.fields = frozenset(self.table.fields)

    def selection(self) -> str:
        """The ObjectSpec of all objects of the kind. A lost session has no view, so it can't look like an empty one."""
        return traverse(self.client.view(self.table.native_type), "view", skip=True)

    def native_refs(self, refs: Iterable[Ref]) -> list[MoRef]:
        """The server's references of those refs that are of this kind."""
        return [MoRef(self.table.native_type, ref.id) for ref in refs if ref.kind == self.kind.kind]

    def open(self, query: Query[R], after: PageToken | None) -> Listing[R]:
        """PropertyCollector.RetrievePropertiesEx on a view, then ContinueRetrievePropertiesEx: a round trip a page.

        The first listing of a kind makes its view: one more. Raises `CursorLost` for any token.
        """
        if after is not None:
            raise CursorLost("a vSphere listing ends with the provider's own iteration of it")
        records = Records(self.table, query, self.client)
        return PropertyListing(self._everything(records.paths), records, query.page_size or PAGE_SIZE)

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """PropertyCollector.RetrievePropertiesEx on these objects: one round trip."""
        wanted = self.native_refs(refs)
        if not wanted:
            return []
        records = Records(self.table, query, self.client)
        items: list[R] = []
        spec = filter_spec(self.table.native_type, records.paths, object_specs(wanted), skip_missing=True)
        _read_all(Retrieval(self.client, lambda: spec), records.collect(items))
        return items

    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """The field of all, page by page, then the matches: pages + 1 round trips."""
        found = self.find(field, value)
        return self.get(found, query) if found else []

    def find(self, field: str, value: str) -> list[Ref]:
        """The refs of the objects whose field has this value."""
        prop = self.table.fields[field]
        read = prop.reader(self.client)
        found: list[Ref] = []

        def compare(row: Row) -> None:
            if check_row(row) and read({**row.values, SELF: row.ref.id}) == value:
                found.append(self.client.context.ref(self.kind, row.ref.id))

        paths = [path for path in prop.paths if path != SELF]
        _read_all(self._everything(paths), compare)
        return found

    def start_task(self, method: str, this: MoRef, arguments: str = "") -> Started:
        """Call a ``..._Task`` method."""
        return Started(self.client.context.ref(TaskRecord, self.client.call(method, this, arguments).id))

    def _everything(self, paths: Sequence[str] | None) -> Retrieval:
        """The retrieval of these properties of all objects of the kind."""
        return Retrieval(self.client, lambda: filter_spec(self.table.native_type, paths, self.selection()))


def _read_all(retrieval: Retrieval, take: Callable[[Row], object]) -> None:
    while not retrieval.last:
        retrieval.fetch(take, PAGE_SIZE)
