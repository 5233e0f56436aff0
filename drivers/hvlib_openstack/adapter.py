"""The base of the adapters: listing, lookups and reads of a kind, all by the kind's table."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar, TypeVar

import msgspec

from hvlib.driver import Adapter, Listing, PageToken
from hvlib.driver.table import Table, attribute, native_of, native_or_none, row_type
from hvlib.model.errors import CursorLost, InvalidQuery, NotFound, ProtocolError
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource
from hvlib_openstack.joins import MAX_SINGLE_READS
from hvlib_openstack.listing import Joins, MarkerListing
from hvlib_openstack.paging import MARKER, CollectionPage, page_at, pages
from hvlib_openstack.version import Version
from hvlib_openstack.wire.client import Client
from hvlib_openstack.wire.collection import Collection
from hvlib_openstack.wire.rows import Rows
from hvlib_openstack.wire.service import Parameters, Service

__all__ = ["IN_A_QUERY", "PAGE_SIZE", "TableAdapter"]

R = TypeVar("R", bound=Resource)

PAGE_SIZE = 1000
"""Objects per page where the query sets no page size: the most that the services return."""

IN_A_QUERY = 100
"""Up to how many identifiers are put into the address of one request."""

IDENTIFIER = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""The identifiers that are put into paths. Any other word may be a path of its own, such as ``/servers/detail``."""


class TableAdapter(Adapter[R]):
    """A kind that a table describes. A read takes one round trip, and one more if it needs a join.

    | table: its native type is the collection's key in replies
    """

    table: ClassVar[Table[Any]]
    collection: ClassVar[Collection]

    def __init__(self, client: Client) -> None:
        self.client = client
        login = client.login
        self.fields = self.table.declared(login.compute, administrator=login.administrator)

    @property
    def service(self) -> Service:
        """The service that has this kind."""
        return self.client.service(self.collection.service)

    def ref(self, id: str) -> Ref:
        """The ref of an object of this kind."""
        return self.client.context.ref(self.kind, id)

    def open(self, query: Query[R], after: PageToken | None) -> Listing[R]:
        """GET of the collection after a marker. Joins are read with the first page, for all objects.

        If a service can't filter out the objects of another kind, pages that hold only such objects are skipped.
        """
        rows = self.rows(query)
        return MarkerListing(
            after, partial(self.page, query, rows), partial(self._join, query, rows), partial(self._built, query, rows)
        )

    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """GET of the object by uuid; else GET of the collection, with the filters that the service can apply."""
        rows = self.rows(query, field)
        if field == "uuid" and self._single:
            return self.made(query, rows, self.item(rows, value))
        column = self.table.fields[field]
        read = self.table.reader(field, attribute, self.client.context, self.client)
        parameters = [*self.filters(query), *(self.compared(column.stored, value) if column.stored else ())]
        listed = (item for page in self.pages(rows, parameters) for item in page.items)
        return self.made(query, rows, [item for item in listed if read(rows.id_of(item), item) == value])

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """GET of one object; for several objects see `found`."""
        rows, ids = self.rows(query), {ref.id for ref in refs}
        if self._single:
            ids = set(filter(IDENTIFIER.fullmatch, ids))
            if len(ids) <= 1:
                return self.made(query, rows, self.each(rows, ids))
        return self.made(query, rows, self.found(rows, ids))

    def found(self, rows: Rows, ids: set[str]) -> list[Any]:
        """The objects with these identifiers: read pages until all are found. An object on no page does not exist."""
        items: dict[str, Any] = {}
        listed = (page for parameters in self.chosen(sorted(ids)) for page in self.pages(rows, parameters))
        for page in listed:
            items |= rows.among(page.items, ids)
            if len(items) == len(ids):
                break
        return list(items.values())

    def each(self, rows: Rows, ids: set[str]) -> list[Any]:
        """The objects with these identifiers, read in one round trip each."""
        return [item for id in sorted(ids) for item in self.item(rows, id)]

    def rows(self, query: Query[R], *besides: str) -> Rows:
        """The `Rows` that a query's objects are read into. ``besides``: more fields that the rows must hold."""
        natives = self.table.natives([*query.fields, *besides])
        type = row_type(self.collection.whole, natives | {self.collection.id})
        return Rows(type, self.collection.id, native=bool(query.native))

    def everything(self) -> Parameters:
        """The parameters that ask for the whole kind."""
        return self.collection.parameters

    def limit(self, size: int | None) -> Parameters:
        """The parameters that ask for pages of ``size`` objects, or of `PAGE_SIZE` if no size is given."""
        return [("limit", str(size or PAGE_SIZE))]

    def filters(self, query: Query[R]) -> Parameters:
        """The parameters of a listing, with the query's filters that the service can apply itself."""
        parameters = list(self.everything())
        for stored_filter in self.table.filters(query):
            if len(stored_filter.values) == 1:
                parameters += self.compared(stored_filter.stored, stored_filter.values[0])
        return parameters

    def compared(self, stored: str, value: object) -> Parameters:
        """The parameters that select the objects with a value, and perhaps others; [] if the service can't compare it.

        Services do not distinguish an empty value from a missing one.
        """
        return [(stored, value)] if isinstance(value, str) and value else []

    def chosen(self, ids: Sequence[str]) -> Sequence[Parameters]:  # noqa: ARG002 -- for services that filter by identifier
        """The parameters of listings that together hold every readable object with these identifiers, and others."""
        return [self.everything()]

    @property
    def _single(self) -> bool:
        """Whether the service can return one object by the identifier that refs hold."""
        return self.collection.item is not None

    @property
    def _version(self) -> Version | None:
        if self.collection.service != "compute":
            return self.collection.version
        newest = self.client.login.compute
        return newest if self.collection.version is None else min(newest, self.collection.version)

    def page(
        self, query: Query[R], rows: Rows, after: PageToken | None
    ) -> tuple[CollectionPage[Any], PageToken | None]:
        """The first page after a token that holds objects of this kind, and the token for the page after it."""
        parameters, fits = self.filters(query), self.table.fits(attribute, self.client.context, self.client, {})
        marker = None if after is None else _marker(self.kind, after)
        page = self._after(rows, parameters, marker, query.page_size)
        seen = {marker}
        while page.next is not None and not any(fits(rows.id_of(item), item) for item in page.items):
            marker = dict(page.next)[MARKER]
            if marker in seen:
                raise ProtocolError(f"the pages of {self.collection.path} have no end: one leads back to another")
            seen.add(marker)
            page = self._after(rows, parameters, marker, query.page_size)
        return page, None if page.next is None else _token(self.kind, page.next)

    def _after(self, rows: Rows, parameters: Parameters, marker: str | None, size: int | None) -> CollectionPage[Any]:
        """The page after a marker. Raises `CursorLost` for a marker that the service does not know."""
        position = [] if marker is None else [(MARKER, marker)]
        parameters = [*parameters, *self.limit(size), *position]
        path, key = self.collection.path, self.table.native_type
        try:
            return _in_rows(rows, page_at(self.service, path, key, parameters, rows.item_type, self._version))
        except (InvalidQuery, NotFound) as error:
            if marker is None:
                raise
            raise CursorLost(f"the listing can't continue: {error}", native=error.native) from error

    def pages(self, rows: Rows, parameters: Parameters) -> Iterator[CollectionPage[Any]]:
        """All pages of the collection, one round trip each. No joins are read."""
        parameters = [*parameters, *self.limit(None)]
        path, key = self.collection.path, self.table.native_type
        listed = pages(self.service, path, key, parameters=parameters, type=rows.item_type, version=self._version)
        return (_in_rows(rows, page) for page in listed)

    def item(self, rows: Rows, id: str) -> list[Any]:
        """One object, as a list of one page item; [] if the object does not exist. One round trip."""
        assert self.collection.item is not None
        path, key = self.collection.item
        if not IDENTIFIER.fullmatch(id):
            return []
        try:
            reply = self.service.get(f"{path}/{id}", version=self._version)
        except NotFound:
            return []
        return rows.of([reply.read(rows.item_type)] if not key else [reply.read(_named(rows.item_type))[key]])

    def made(self, query: Query[R], rows: Rows, items: Sequence[Any]) -> Sequence[R]:
        """The records of items. One round trip if a join is needed."""
        return self._built(query, rows, items, self._join(query, rows, items)) if items else []

    def _built(self, query: Query[R], rows: Rows, items: Sequence[Any], joins: Joins) -> Sequence[R]:
        native, client = native_or_none(query, native_of), self.client
        records = self.table.records(query, attribute, client.context, client, joins, native)
        made = records.all(zip(map(str, map(attrgetter(rows.id), items)), items, strict=True))
        self._check_native(query, items)
        return made

    def _check_native(self, query: Query[R], items: Sequence[Any]) -> None:
        """Raise `InvalidQuery` for a native property that no object has, unless it may be missing from some objects."""
        sparse = self.collection.sparse
        if query.native and items and sparse is not None:
            query.pick_native(ChainMap(dict.fromkeys(sparse), *(item.native for item in items)))

    def _join(self, query: Query[R], rows: Rows, items: Sequence[Any] | None) -> Joins:
        """Read the joins: by identifier for a few objects; for many, or for None, the joined collections whole."""
        ids = [rows.id_of(item) for item in items] if items is not None and len(items) <= MAX_SINGLE_READS else None
        if ids == []:
            return {}
        return {join.name: join.read(self.client, ids) for join in self.table.joins(query.fields)}


def _in_rows(rows: Rows, page: CollectionPage[Any]) -> CollectionPage[Any]:
    return msgspec.structs.replace(page, items=rows.of(list(page.items))) if rows.native else page


def _token(kind: type[Resource], next: Parameters) -> PageToken:
    return PageToken(f"{kind.kind}:{dict(next)[MARKER]}")


def _marker(kind: type[Resource], token: PageToken) -> str:
    """The marker in a token. Raises `CursorLost` for a token of another kind or of another form."""
    name, _, marker = token.partition(":")
    if name != kind.kind or not marker:
        raise CursorLost(f"{token!r} is not a page token of {kind.kind}")
    return marker


def _named(item_type: Any) -> Any:
    """The type of a reply that holds an item under a key."""
    return dict[str, item_type]
