"""Faults of a region's pages, for a proxy before the replay: where the next page is, and how much is in one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from servers.faulty_fault import Exchange, Fault
from servers.faulty_message import Reply, Request

__all__ = ["Cycle", "LimitIgnored", "OtherHost", "SamePage"]

OTHER_ORIGIN = "http://openstack.invalid:8000"
MOST = "1000"
"""Rows that the replay puts into a page at most."""


@dataclass(frozen=True)
class SamePage(Fault):
    """The next link of a page of servers leads to that page again."""

    def strike(self, exchange: Exchange) -> None:
        """Forward, answer with another link."""
        exchange.answer(_linked(exchange.forward(), _address(exchange.request)).raw)


@dataclass(frozen=True)
class Cycle(Fault):
    """The next link of each second page of servers leads back to the page before."""

    before: dict[str, str] = field(default_factory=dict)
    """The address of the page before, by the page's own."""

    def strike(self, exchange: Exchange) -> None:
        """Forward, answer with another link if this is a second page."""
        here, reply = _address(exchange.request), exchange.forward()
        if here in self.before:
            reply = _linked(reply, self.before[here])
        else:
            self.before.update((link["href"], here) for link in json.loads(reply.body).get("servers_links", []))
        exchange.answer(reply.raw)


@dataclass(frozen=True)
class LimitIgnored(Fault):
    """A page has as many rows as there may be in one, however few are asked for."""

    def strike(self, exchange: Exchange) -> None:
        """Forward another request."""
        path, _, query = exchange.request.path.partition("?")
        asked = {**dict(parse_qsl(query, keep_blank_values=True)), "limit": MOST}
        exchange.request = exchange.request.to(f"{path}?{urlencode(asked)}")
        exchange.answer(exchange.forward().raw)


@dataclass(frozen=True)
class OtherHost(Fault):
    """Links of pages and version documents lead to another host, as behind a proxy that services don't know."""

    def strike(self, exchange: Exchange) -> None:
        """Forward, answer with other links."""
        reply = exchange.forward()
        exchange.answer(reply.with_body(reply.body.replace(_origin(exchange.request), OTHER_ORIGIN.encode())).raw)


def _linked(reply: Reply, next: str) -> Reply:
    page: dict[str, Any] = json.loads(reply.body)
    return reply.with_body(json.dumps({**page, "servers_links": [{"rel": "next", "href": next}]}).encode())


def _address(request: Request) -> str:
    return _origin(request).decode() + request.path


def _origin(request: Request) -> bytes:
    return b"http://" + request.headers["host"].encode()
