"""A collection of the OpenStack replay: records encoded once, cut into pages as its service does."""

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
"""Parameters without effect: there is one project, and one order."""

KNOWN = {"limit", "marker", "changes-since", *IGNORED}


@dataclass(frozen=True)
class Row:
    """A record, encoded."""

    id: str
    data: bytes
    updated: datetime = EPOCH
    deleted: bool = False


@dataclass(frozen=True)
class Links:
    """What a page's links are made of.

    | next: the marker of the next page; None: there is no next page
    | first: the identifier of the first row, if this is a page and not everything
    """

    key: str
    request: Request
    next: str | None
    first: str | None

    def address(self, base: str, **changed: str | None) -> str:
        """This address, changed; without the parameters that are None."""
        merged = {**dict(self.request.query), **changed}
        query = urlencode({name: value for name, value in merged.items() if value is not None})
        return f"{base}?{query}" if query else base

    def link(self, rel: str, **changed: str | None) -> dict[str, str]:
        """A link to this address, changed."""
        return {"rel": rel, "href": self.address(self.request.origin + self.request.path, **changed)}


def next_links(links: Links) -> Record:
    """Compute's and volumes': only a page that may have a next one has links."""
    return {} if links.next is None else {f"{links.key}_links": [links.link("next", marker=links.next)]}


def both_links(links: Links) -> Record:
    """Networking's: the page before is linked too, from the first page as well."""
    shown = [] if links.next is None else [links.link("next", marker=links.next)]
    if links.first:
        shown.append(links.link("previous", marker=links.first, page_reverse="True"))
    return {f"{links.key}_links": shown} if shown else {}


def relative_links(links: Links) -> Record:
    """Images': paths without host or prefix."""
    shown = {"first": links.address("/v2/images", marker=None), "schema": "/v2/schemas/images"}
    return shown if links.next is None else {**shown, "next": links.address("/v2/images", marker=links.next)}


@dataclass(frozen=True)
class Paging:
    """How a service pages.

    | limit: how many rows a page has if no limit is asked; None: all
    | cap: how many it has at most; None: any number
    | compared: the parameters that choose rows
    | known: other parameters that this service alone knows
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
    """Rows in the order in which they are listed. Whoever reads has one state of them, while another is made."""

    def __init__(self, key: str, paging: Paging, rows: Sequence[Row]) -> None:
        self._key = key
        self._paging = paging
        self._changing = threading.Lock()
        self._chosen: dict[tuple[Row, tuple[str, ...]], bytes] = {}
        self._set(rows)

    def page(self, request: Request, fields: Sequence[str] = ()) -> Reply:
        """The page that is asked for, of its rows just these fields, if any are named. Raises `Refused`."""
        unknown = {name for name, _ in request.query} - KNOWN - self._paging.known - self._paging.compared.keys()
        if unknown:
            raise Refused(400, f"the replay does not know {', '.join(sorted(unknown))}")
        rows, positions = self._state
        limit = self._limit(request.asked("limit"))
        marker = request.asked("marker")
        if marker is not None and marker not in positions:
            raise Refused(400, f"marker [{marker}] not found")
        start = 0 if marker is None else positions[marker] + 1
        shown = list(islice(filter(_visible(request, self._paging.compared), islice(rows, start, None)), limit))
        following = shown[-1].id if limit is not None and len(shown) == limit else None
        first = shown[0].id if shown and limit is not None else None
        links = self._paging.links(Links(self._key, request, following, first))
        if request.asked("with_count") == "true":
            links = {**links, "count": self.count}
        chosen = (*fields, *(value for name, value in request.query if name == "fields"))
        body = self._body([self._told(row, chosen) for row in shown], links)
        return Reply(200, body, {"Content-Type": "application/json"})

    @property
    def count(self) -> int:
        """How many rows there are that were not deleted."""
        rows, _ = self._state
        return sum(not row.deleted for row in rows)

    def find(self, id: str) -> Row:
        """A row that was not deleted. Raises `Refused`."""
        rows, positions = self._state
        if id not in positions or rows[positions[id]].deleted:
            raise Refused(404, f"{id} could not be found.")
        return rows[positions[id]]

    def put(self, row: Row) -> None:
        """Replace a row, or add one, which is listed first."""
        with self._changing:
            rows, positions = self._state
            if row.id in positions:
                self._set([row if each.id == row.id else each for each in rows])
            else:
                self._set([row, *rows])

    def forget(self) -> None:
        """Drop the rows that were deleted."""
        with self._changing:
            rows, _ = self._state
            self._set([row for row in rows if not row.deleted])

    def _set(self, rows: Sequence[Row]) -> None:
        self._state = rows, {row.id: position for position, row in enumerate(rows)}

    def _limit(self, asked: str | None) -> int | None:
        paging = self._paging
        if paging.cap == 0:
            return None
        if asked is not None and not asked.isdecimal():
            raise Refused(400, f"limit must be a number of rows and not '{asked}'")
        limit = int(asked or 0) or paging.limit
        return limit if limit is None or paging.cap is None else min(limit, paging.cap)

    def _told(self, row: Row, fields: tuple[str, ...]) -> bytes:
        """What is told of a row: these fields, or all."""
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
    """Which rows are listed: those that fit, and those that were deleted only where changes are asked for."""
    there = _there(request.asked("changes-since"))
    if compared.keys().isdisjoint(name for name, _ in request.query):
        return there
    return lambda row: there(row) and fits(json.loads(row.data), compared, request.query)


def _there(asked: str | None) -> Callable[[Row], bool]:
    if asked is None:
        return lambda row: not row.deleted
    try:
        since = datetime.fromisoformat(asked)
    except ValueError as error:
        raise Refused(400, f"Invalid input for query parameters changes-since. Value: {asked}.") from error
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    return lambda row: row.updated >= since
