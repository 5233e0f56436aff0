"""The base of adapters: a kind's listing, lookups and reads, all of them by its table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar

from hvlib.driver import Adapter, Listing, PageToken
from hvlib.model.errors import CursorLost, InvalidQuery, NotFound, ProtocolError
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource
from hvlib_openstack.joins import MAX_SINGLE_READS
from hvlib_openstack.listing import Joins, MarkerListing
from hvlib_openstack.paging import MARKER, CollectionPage, page_at, pages
from hvlib_openstack.table import Records, Table
from hvlib_openstack.version import Version
from hvlib_openstack.wire.client import Client
from hvlib_openstack.wire.service import Parameters, Service

__all__ = ["TableAdapter"]

R = TypeVar("R", bound=Resource)

PAGE_SIZE = 1000
"""Objects a page, if nobody says how many: as many as the services give."""

IDENTIFIER = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""Identifiers that may stand in a path. Another word may be a place of its own: ``/servers/detail``."""

PROBE_SIZE = 100
"""Objects of the page that is read before a few objects are asked for each by itself: of a small region, it is all."""


class TableAdapter(Adapter[R]):
    """A kind that a table describes. A read takes a round trip, and another one for what is joined."""

    table: ClassVar[Table[Any]]

    def __init__(self, client: Client) -> None:
        self.client = client
        login = client.login
        self.fields = self.table.declared(login.compute, login.administrator)

    @property
    def service(self) -> Service:
        """The service that has this kind."""
        return self.client.service(self.table.service)

    def ref(self, id: str) -> Ref:
        """The ref of an object of this kind."""
        return self.client.context.ref(self.kind, id)

    def open(self, query: Query[R], after: PageToken | None) -> Listing[R]:
        """GET of the collection after a marker; what is joined is read with the first page, for all.

        Where a service can't tell another kind's objects apart, a page of nothing but these is passed over.
        """
        return MarkerListing(after, partial(self._page, query), partial(self._join, query), partial(self._built, query))

    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """GET of the object, by uuid; else of the collection, with what the service can compare."""
        if field == "uuid" and self._single:
            return self.made(query, self.item(Records(self.table, query, self.client, {}), value))
        read = self.table.fields[field].reader(self.client, {})
        rows = Records(self.table, query, self.client, {}, field)
        asked = [*self.filters(query), *self.named(field, value)]
        found = [item for page in self.pages(rows, asked) for item in page.items if read(rows.row(item)) == value]
        return self.made(query, found, field)

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """GET of an object. Of several, a page, and more pages for more than a few; then GET of each that is not found.

        A listing leaves out what can be had all the same: another project's servers, hidden images.
        """
        wanted = {ref.id for ref in refs}
        rows, found = Records(self.table, query, self.client, {}), []
        if self._single and len(wanted) == 1:
            return self.made(query, self.item(rows, *wanted))
        few = self._single and len(wanted) <= MAX_SINGLE_READS
        for page in self.pages(rows, self.chosen(sorted(wanted)), PROBE_SIZE if few else None):
            chosen = [item for item in page.items if self._id(item) in wanted]
            found += chosen
            wanted.difference_update(map(self._id, chosen))
            if few or not wanted:
                break
        found += [item for id in sorted(wanted if self._single else ()) for item in self.item(rows, id)]
        return self.made(query, found)

    def everything(self) -> Parameters:
        """The parameters that ask for the whole kind."""
        return self.table.parameters

    def limit(self, size: int | None) -> Parameters:
        """The parameters that ask for pages of a size, or of any."""
        return [("limit", str(size or PAGE_SIZE))]

    def filters(self, query: Query[R]) -> Parameters:
        """The parameters of a listing: with those of the query's filters that the service compares itself."""
        return [*self.everything(), *self._compared(query)]

    def named(self, field: str, value: str) -> Parameters:
        """The parameters that find the objects whose field has a value, and perhaps others.

        [] for an empty value: services do not tell it from no value.
        """
        name = self.table.filters.get(field)
        return [] if name is None or not value else [(name, value)]

    def chosen(self, ids: Sequence[str]) -> Parameters:  # noqa: ARG002 -- for services that can choose
        """The parameters that find the objects of these identifiers, and perhaps others."""
        return self.everything()

    def compared(self, field: str, value: object) -> Parameters:
        """The parameters that find the objects whose field has a value, and perhaps others; [] where there are none."""
        return self.named(field, value) if isinstance(value, str) else []

    def _compared(self, query: Query[R]) -> Iterator[tuple[str, str]]:
        for each in query.filters:
            if len(each.alternatives) == 1:
                yield from self.compared(each.field, each.alternatives[0])

    @property
    def _single(self) -> bool:
        """Whether the service tells of one object by what refs name it by."""
        return self.table.item is not None and self.table.id == "id"

    @property
    def _version(self) -> Version | None:
        if self.table.service != "compute":
            return self.table.version
        newest = self.client.login.compute
        return newest if self.table.version is None else min(newest, self.table.version)

    def _page(self, query: Query[R], after: PageToken | None) -> tuple[CollectionPage[Any], PageToken | None]:
        """The first page after a token that has objects of this kind, and the token for the next one."""
        rows, asked = Records(self.table, query, self.client, {}), self.filters(query)
        marker = None if after is None else _marker(self.kind, after)
        page = self._after(rows, asked, marker, query.page_size)
        seen = {marker}
        while page.next is not None and not rows.fitting(page.items):
            marker = dict(page.next)[MARKER]
            if marker in seen:
                raise ProtocolError(f"the pages of {self.table.path} have no end: one leads back to another")
            seen.add(marker)
            page = self._after(rows, asked, marker, query.page_size)
        return page, None if page.next is None else _token(self.kind, page.next)

    def _built(self, query: Query[R], items: Sequence[Any], joins: Joins) -> Sequence[R]:
        return Records(self.table, query, self.client, joins).all(items)

    def _after(self, rows: Records[R], asked: Parameters, marker: str | None, size: int | None) -> CollectionPage[Any]:
        """The page after a marker. Raises `CursorLost` for one that the service does not know."""
        place = [] if marker is None else [(MARKER, marker)]
        parameters = [*asked, *self.limit(size), *place]
        table = self.table
        try:
            return page_at(self.service, table.path, table.key, parameters, rows.item_type, self._version)
        except (InvalidQuery, NotFound) as error:
            if marker is None:
                raise
            raise CursorLost(f"the listing can't go on: {error}", native=error.native) from error

    def pages(self, rows: Records[R], parameters: Parameters, size: int | None = None) -> Iterator[CollectionPage[Any]]:
        """All pages of the collection, each one round trip; nothing is joined."""
        return pages(
            self.service,
            self.table.path,
            self.table.key,
            parameters=[*parameters, *self.limit(size)],
            type=rows.item_type,
            version=self._version,
        )

    def item(self, rows: Records[R], id: str) -> list[Any]:
        """One object, as an item of a page; [] if there is none. One round trip."""
        assert self.table.item is not None
        path, key = self.table.item
        if not IDENTIFIER.fullmatch(id):
            return []
        try:
            reply = self.service.get(f"{path}/{id}", version=self._version)
        except NotFound:
            return []
        return [reply.read(rows.item_type)] if not key else [reply.read(_named(rows.item_type))[key]]

    def made(self, query: Query[R], items: Sequence[Any], *besides: str) -> Sequence[R]:
        """The records of items that were read into rows of these fields. One round trip if anything is joined."""
        if not items:
            return []
        return Records(self.table, query, self.client, self._join(query, items), *besides).all(items)

    def _join(self, query: Query[R], items: Sequence[Any] | None) -> Joins:
        """Read the joins of these objects: of a few by name; of many, or where none are given, all joins."""
        few = [self._id(item) for item in items] if items is not None and len(items) <= MAX_SINGLE_READS else None
        if few == []:
            return {}
        return {join.name: join.read(self.client, few) for join in self.table.joins(query.fields)}

    def _id(self, item: Any) -> str:
        return str(item[self.table.id] if isinstance(item, dict) else getattr(item, self.table.id))


def _token(kind: type[Resource], next: Parameters) -> PageToken:
    return PageToken(f"{kind.kind}:{dict(next)[MARKER]}")


def _marker(kind: type[Resource], token: PageToken) -> str:
    """The marker in a token. Raises `CursorLost` for a token that was not given out here."""
    name, _, marker = token.partition(":")
    if name != kind.kind or not marker:
        raise CursorLost(f"{token!r} is no page token of {kind.kind}")
    return marker


def _named(item_type: Any) -> Any:
    """A reply that has an item under a name."""
    return dict[str, item_type]
