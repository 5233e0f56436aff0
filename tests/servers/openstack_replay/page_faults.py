"""Faults in a region's pages, for a proxy before the replay: wrong links, and ignored limits."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from servers.faulty_fault import Exchange, Fault
from servers.faulty_message import Reply, Request

__all__ = ["Cycle", "LimitIgnored", "OtherHost", "SamePage"]

OTHER_ORIGIN = "http://openstack.invalid:8000"
MAX_ROWS = "1000"
"""How many rows the replay puts into a page at most."""


@dataclass(frozen=True)
class SamePage(Fault):
    """The next link of a page of servers leads to the same page."""

    def strike(self, exchange: Exchange) -> None:
        """Forward, answer with the wrong link."""
        exchange.answer(_linked(exchange.forward(), _address(exchange.request)).raw)


@dataclass(frozen=True)
class Cycle(Fault):
    """The next link of each second page of servers leads back to the previous page."""

    before: dict[str, str] = field(default_factory=dict)
    """By a page's address: the address of the previous page."""

    def strike(self, exchange: Exchange) -> None:
        """Forward, answer with the wrong link if this is a second page."""
        here, reply = _address(exchange.request), exchange.forward()
        if here in self.before:
            reply = _linked(reply, self.before[here])
        else:
            self.before.update((link["href"], here) for link in json.loads(reply.body).get("servers_links", []))
        exchange.answer(reply.raw)


@dataclass(frozen=True)
class LimitIgnored(Fault):
    """A page has the maximum of rows, whatever the request's limit."""

    def strike(self, exchange: Exchange) -> None:
        """Forward the request with another limit, answer."""
        path, _, query = exchange.request.path.partition("?")
        parameters = {**dict(parse_qsl(query, keep_blank_values=True)), "limit": MAX_ROWS}
        exchange.request = exchange.request.to(f"{path}?{urlencode(parameters)}")
        exchange.answer(exchange.forward().raw)


@dataclass(frozen=True)
class OtherHost(Fault):
    """Links of pages and version documents lead to another host, as with services not configured for their proxy."""

    def strike(self, exchange: Exchange) -> None:
        """Forward, answer with the wrong links."""
        reply = exchange.forward()
        exchange.answer(reply.with_body(reply.body.replace(_origin(exchange.request), OTHER_ORIGIN.encode())).raw)


def _linked(reply: Reply, next: str) -> Reply:
    page: dict[str, Any] = json.loads(reply.body)
    return reply.with_body(json.dumps({**page, "servers_links": [{"rel": "next", "href": next}]}).encode())


def _address(request: Request) -> str:
    return _origin(request).decode() + request.path


def _origin(request: Request) -> bytes:
    return b"http://" + request.headers["host"].encode()
