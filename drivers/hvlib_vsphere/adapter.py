"""TableAdapter: an adapter that is a table, read through the server's PropertyCollector.

Leaf paths are read, of all objects of a page in one call; never an object alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, ClassVar, TypeVar

from hvlib.driver import Adapter, Page, PageToken, Started
from hvlib.model.errors import CursorLost, HvlibError, InvalidQuery
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource, TaskRecord
from hvlib_vsphere.data_objects import MoRef, Row
from hvlib_vsphere.table import SELF, Records, Table, check_row
from hvlib_vsphere.wire.client import Client
from hvlib_vsphere.wire.property_spec import filter_spec, object_specs, traverse
from hvlib_vsphere.wire.soap import element

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

    def page(self, query: Query[R], after: PageToken | None) -> Page[R]:
        """PropertyCollector.RetrievePropertiesEx on a view, then ContinueRetrievePropertiesEx: a round trip a page.

        The first listing of a kind makes its view: one more. A token ends with its session.
        """
        if query.refs is not None:
            return Page(self.get(query.refs, query))
        records = Records(self.table, query, self.client)
        items: list[R] = []
        take = _collect(records, items)
        if after is not None:
            return Page(items, self._continue(after, take))
        spec = filter_spec(self.table.native_type, records.paths, self.selection())
        return Page(items, self._retrieve(spec, take, query.page_size or PAGE_SIZE))

    def release(self, token: PageToken) -> None:
        """PropertyCollector.CancelRetrievePropertiesEx. A server that can't forgets the token with the session."""
        name, _, text = token.partition(":")
        login = self.client.login
        if name != login.name:
            return
        with suppress(HvlibError):
            collector = login.service("propertyCollector")
            self.client.call("CancelRetrievePropertiesEx", collector, element("token", text))

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """PropertyCollector.RetrievePropertiesEx on these objects: one round trip."""
        wanted = self.native_refs(refs)
        if not wanted:
            return []
        records = Records(self.table, query, self.client)
        items: list[R] = []
        spec = filter_spec(self.table.native_type, records.paths, object_specs(wanted), skip_missing=True)
        self._retrieve_all(spec, _collect(records, items))
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
        self._retrieve_all(filter_spec(self.table.native_type, paths, self.selection()), compare)
        return found

    def start_task(self, method: str, this: MoRef, arguments: str = "") -> Started:
        """Call a ``..._Task`` method."""
        return Started(self.client.context.ref(TaskRecord, self.client.call(method, this, arguments).id))

    def _retrieve(self, spec: str, take: Callable[[Row], object], limit: int) -> PageToken | None:
        arguments = f"<specSet>{spec}</specSet><options>{element('maxObjects', limit)}</options>"
        collector = self.client.login.service("propertyCollector")
        result = self.client.call("RetrievePropertiesEx", collector, arguments, take=take)
        return self._token(result)

    def _continue(self, token: PageToken, take: Callable[[Row], object]) -> PageToken | None:
        name, _, text = token.partition(":")
        if name != self.client.login.name:
            raise CursorLost("this page token ended with the session that it came from")
        try:
            collector = self.client.login.service("propertyCollector")
            result = self.client.call("ContinueRetrievePropertiesEx", collector, element("token", text), take=take)
        except InvalidQuery as error:
            raise CursorLost("the server does not know this page token (any more)", native=error.native) from error
        return self._token(result)

    def _retrieve_all(self, spec: str, take: Callable[[Row], object]) -> None:
        token = self._retrieve(spec, take, PAGE_SIZE)
        while token is not None:
            token = self._continue(token, take)

    def _token(self, result: Any) -> PageToken | None:
        token = result.get("token") if isinstance(result, dict) else None
        return PageToken(f"{self.client.login.name}:{token}") if token else None


def _collect(records: Records[R], items: list[R]) -> Callable[[Row], None]:
    def take(row: Row) -> None:
        record = records.of_row(row)
        if record is not None:
            items.append(record)

    return take
