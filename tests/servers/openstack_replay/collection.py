"""A collection of the OpenStack replay. Its records are encoded once, and paged as the real service does."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from urllib.parse import urlencode

from servers.openstack_replay import comparison
from servers.openstack_replay.comparison import Comparisons, fits
from servers.openstack_replay.message import Refused, Reply, Request
from servers.openstack_replay.region import EPOCH, Record

__all__ = ["COMPUTE", "IMAGE", "NETWORK", "SERVER_PAGES", "UNPAGED", "VOLUME", "Collection", "Links", "Paging", "Row"]

IGNORED = {"all_tenants", "is_public", "member_status", "sort", "sort_dir", "sort_key", "visibility", "with_servers"}
"""Parameters without effect: the replay has one project, and one order."""

KNOWN = {"limit", "marker", "changes-since", *IGNORED}


@dataclass(frozen=True)
class Row:
    """An encoded record."""

    id: str
    data: bytes
    updated: datetime = EPOCH
    deleted: bool = False


@dataclass(frozen=True)
class Links:
    """The values for a page's links.

    | next: the marker of the next page; None: there is no next page
    | first: the identifier of the first row, if the reply is a page and not the whole collection
    """

    key: str
    request: Request
    next: str | None
    first: str | None

    def address(self, base: str, **changed: str | None) -> str:
        """Return ``base`` with the request's parameters, some changed. Parameters that are None are left out."""
        merged = {**dict(self.request.query), **changed}
        query = urlencode({name: value for name, value in merged.items() if value is not None})
        return f"{base}?{query}" if query else base

    def link(self, rel: str, **changed: str | None) -> dict[str, str]:
        """Return a link to the request's address with changed parameters."""
        return {"rel": rel, "href": self.address(self.request.origin + self.request.path, **changed)}


def next_links(links: Links) -> Record:
    """Compute and volumes: only a page that may have a next page has links."""
    return {} if links.next is None else {f"{links.key}_links": [links.link("next", marker=links.next)]}


def both_links(links: Links) -> Record:
    """Networking: links to the next page and to the previous one, even on the first page."""
    rendered = [] if links.next is None else [links.link("next", marker=links.next)]
    if links.first:
        rendered.append(links.link("previous", marker=links.first, page_reverse="True"))
    return {f"{links.key}_links": rendered} if rendered else {}


def relative_links(links: Links) -> Record:
    """Images: paths without host or prefix."""
    rendered = {"first": links.address("/v2/images", marker=None), "schema": "/v2/schemas/images"}
    return rendered if links.next is None else {**rendered, "next": links.address("/v2/images", marker=links.next)}


@dataclass(frozen=True)
class Paging:
    """How a service pages.

    | limit: how many rows a page has if the request has no limit; None: all
    | cap: how many rows a page has at most; None: no maximum; 0: the service ignores limits
    | compared: the parameters that filter rows
    | known: other parameters that only this service accepts
    """

    limit: int | None
    cap: int | None
    links: Callable[[Links], Record]
    compared: Comparisons = field(default_factory=dict)
    known: frozenset[str] = frozenset()


COMPUTE = Paging(1000, 1000, next_links)
SERVER_PAGES = Paging(1000, 1000, next_links, comparison.COMPUTE)
VOLUME = Paging(1000, 1000, next_links, comparison.VOLUME, frozenset({"with_count"}))
IMAGE = Paging(25, 1000, relative_links, comparison.IMAGE)
NETWORK = Paging(None, None, both_links, comparison.NETWORK, frozenset({"fields"}))
UNPAGED = Paging(None, 0, lambda _: {})


class Collection:
    """Rows in the order of the listing. A reader uses one consistent state while a writer makes the next."""

    def __init__(self, key: str, paging: Paging, rows: Sequence[Row]) -> None:
        self._key = key
        self._paging = paging
        self._changing = threading.Lock()
        self._chosen: dict[tuple[Row, tuple[str, ...]], bytes] = {}
        self._set(rows)

    def page(self, request: Request, fields: Sequence[str] = ()) -> Reply:
        """Return the requested page: of each row only these fields, or all if none are named. Raises `Refused`."""
        unknown = {name for name, _ in request.query} - KNOWN - self._paging.known - self._paging.compared.keys()
        if unknown:
            raise Refused(400, f"the replay has no parameter {', '.join(sorted(unknown))}")
        rows, positions = self._state
        limit = self._limit(request.parameter("limit"))
        marker = request.parameter("marker")
        if marker is not None and marker not in positions:
            raise Refused(400, f"marker [{marker}] not found")
        start = 0 if marker is None else positions[marker] + 1
        page = list(islice(filter(_visible(request, self._paging.compared), islice(rows, start, None)), limit))
        following = page[-1].id if limit is not None and len(page) == limit else None
        first = page[0].id if page and limit is not None else None
        links = self._paging.links(Links(self._key, request, following, first))
        if request.parameter("with_count") == "true":
            links = {**links, "count": self.count}
        chosen = (*fields, *(value for name, value in request.query if name == "fields"))
        body = self._body([self._encoded(row, chosen) for row in page], links)
        return Reply(200, body, {"Content-Type": "application/json"})

    @property
    def count(self) -> int:
        """How many rows are not deleted."""
        rows, _ = self._state
        return sum(not row.deleted for row in rows)

    def find(self, id: str) -> Row:
        """Return a row that is not deleted. Raises `Refused`."""
        rows, positions = self._state
        if id not in positions or rows[positions[id]].deleted:
            raise Refused(404, f"{id} could not be found.")
        return rows[positions[id]]

    def put(self, row: Row) -> None:
        """Replace a row, or add one at the start of the listing."""
        with self._changing:
            rows, positions = self._state
            if row.id in positions:
                self._set([row if old.id == row.id else old for old in rows])
            else:
                self._set([row, *rows])

    def forget(self) -> None:
        """Drop the rows that are deleted."""
        with self._changing:
            rows, _ = self._state
            self._set([row for row in rows if not row.deleted])

    def _set(self, rows: Sequence[Row]) -> None:
        self._state = rows, {row.id: position for position, row in enumerate(rows)}

    def _limit(self, text: str | None) -> int | None:
        paging = self._paging
        if paging.cap == 0:
            return None
        if text is not None and not text.isdecimal():
            raise Refused(400, f"limit must be a number of rows and not '{text}'")
        limit = int(text or 0) or paging.limit
        return limit if limit is None or paging.cap is None else min(limit, paging.cap)

    def _encoded(self, row: Row, fields: tuple[str, ...]) -> bytes:
        """Return these fields of a row, or all if none are named, encoded."""
        if not fields:
            return row.data
        if (row, fields) not in self._chosen:
            record = json.loads(row.data)
            self._chosen[row, fields] = json.dumps({field: record[field] for field in fields}).encode()
        return self._chosen[row, fields]

    def _body(self, records: Sequence[bytes], links: Record) -> bytes:
        rest = f", {json.dumps(links)[1:-1]}}}" if links else "}"
        return b"".join([f'{{"{self._key}": ['.encode(), b", ".join(records), b"]", rest.encode()])


def _visible(request: Request, compared: Comparisons) -> Callable[[Row], bool]:
    """Return a condition for the listed rows: they match the filters, and deleted rows need ``changes-since``."""
    in_time = _changed_since(request.parameter("changes-since"))
    if compared.keys().isdisjoint(name for name, _ in request.query):
        return in_time
    return lambda row: in_time(row) and fits(json.loads(row.data), compared, request.query)


def _changed_since(text: str | None) -> Callable[[Row], bool]:
    if text is None:
        return lambda row: not row.deleted
    try:
        since = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(400, f"Invalid input for query parameters changes-since. Value: {text}.") from error
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    return lambda row: row.updated >= since
