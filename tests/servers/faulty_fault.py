"""Faults: the ways in which one exchange can go wrong, as data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import NoReturn, Protocol

from servers.faulty_message import Reply, Request, make_reply

__all__ = [
    "Delay",
    "Drop",
    "DropMidway",
    "Exchange",
    "Fault",
    "FreezeAfter",
    "FreezeBefore",
    "Replace",
    "ResetAfter",
    "ResetBefore",
    "Truncate",
    "html_page",
    "rate_limited",
    "server_error",
    "unauthorized",
    "unavailable",
]


class Exchange(Protocol):
    """A client's request, and the ways to handle it."""

    request: Request

    def forward(self) -> Reply:
        """Send the request to the server, and wait for its reply."""

    def answer(self, data: bytes) -> None:
        """Send bytes to the client."""

    def wait(self, seconds: float | None) -> None:
        """Wait so long. If the client gives up before, the exchange ends. None: wait until then."""

    def drop(self) -> NoReturn:
        """Close the client's connection (FIN). This ends the exchange."""

    def reset(self) -> NoReturn:
        """Reset the client's connection (RST). This ends the exchange."""


class Fault(ABC):
    """A way in which one exchange can go wrong."""

    @abstractmethod
    def strike(self, exchange: Exchange) -> None:
        """Handle the exchange in this way."""


@dataclass(frozen=True)
class Drop(Fault):
    """The server acts; the connection ends after ``after`` bytes of its reply, at the latest before the last byte."""

    after: int

    def strike(self, exchange: Exchange) -> None:
        """Forward, answer in part, drop."""
        raw = exchange.forward().raw
        exchange.answer(raw[: min(self.after, len(raw) - 1)])
        exchange.drop()


@dataclass(frozen=True)
class DropMidway(Fault):
    """The server acts; the connection ends in the middle of its reply's body."""

    def strike(self, exchange: Exchange) -> None:
        """Forward, answer the head and half of the body, drop."""
        reply = exchange.forward()
        exchange.answer(reply.raw[: len(reply.raw) - max(len(reply.framed) // 2, 1)])
        exchange.drop()


@dataclass(frozen=True)
class Delay(Fault):
    """The request reaches the server late."""

    seconds: float

    def strike(self, exchange: Exchange) -> None:
        """Wait, forward, answer."""
        exchange.wait(self.seconds)
        exchange.answer(exchange.forward().raw)


@dataclass(frozen=True)
class FreezeBefore(Fault):
    """The request does not reach the server, and is never answered."""

    def strike(self, exchange: Exchange) -> None:
        """Wait."""
        exchange.wait(None)


@dataclass(frozen=True)
class FreezeAfter(Fault):
    """The server acts; its reply never arrives."""

    def strike(self, exchange: Exchange) -> None:
        """Forward, wait."""
        exchange.forward()
        exchange.wait(None)


@dataclass(frozen=True)
class ResetBefore(Fault):
    """The connection is reset before the server has seen the request."""

    def strike(self, exchange: Exchange) -> None:
        """Reset."""
        exchange.reset()


@dataclass(frozen=True)
class ResetAfter(Fault):
    """The server acts; the connection is reset before its reply arrives."""

    def strike(self, exchange: Exchange) -> None:
        """Forward, reset."""
        exchange.forward()
        exchange.reset()


@dataclass(frozen=True)
class Truncate(Fault):
    """The server acts; its reply is complete as HTTP, but has only the first ``share`` of its body."""

    share: float = 0.5

    def strike(self, exchange: Exchange) -> None:
        """Forward, answer with a shorter body."""
        reply = exchange.forward()
        exchange.answer(reply.with_body(reply.body[: int(len(reply.body) * self.share)]).raw)


@dataclass(frozen=True)
class Replace(Fault):
    """The proxy answers with this reply; the server never sees the request."""

    status: int
    reason: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def strike(self, exchange: Exchange) -> None:
        """Answer."""
        exchange.answer(make_reply(self.status, self.reason, self.headers, self.body).raw)


def unauthorized() -> Replace:
    """Return a 401."""
    return Replace(401, "Unauthorized")


def rate_limited(retry_after: float | None = None, *, as_date: bool = False) -> Replace:
    """Return a 429 with Retry-After: in seconds, or as a date so many seconds ahead (rounded down to a second)."""
    return Replace(429, "Too Many Requests", headers=_retry_after(retry_after, as_date=as_date))


def unavailable(retry_after: float | None = None, *, as_date: bool = False) -> Replace:
    """Return a 503 with Retry-After as in `rate_limited`."""
    return Replace(503, "Service Unavailable", headers=_retry_after(retry_after, as_date=as_date))


def server_error() -> Replace:
    """Return a 500 with a body that is not of any API's format."""
    return Replace(500, "Internal Server Error", b"something went wrong", {"content-type": "text/plain"})


def html_page() -> Replace:
    """Return a 200 with the HTML page of a gateway."""
    page = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Please sign in.<br></body></html>"
    return Replace(200, "OK", page, {"content-type": "text/html"})


def _retry_after(seconds: float | None, *, as_date: bool) -> dict[str, str]:
    if seconds is None:
        return {}
    if as_date:
        moment = datetime.now(UTC) + timedelta(seconds=seconds)
        return {"retry-after": format_datetime(moment, usegmt=True)}
    return {"retry-after": f"{seconds:g}"}
