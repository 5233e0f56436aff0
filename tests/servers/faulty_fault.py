"""Faults: what can go wrong with one exchange, as data."""

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
    """A client's request, and what can be done about it."""

    request: Request

    def forward(self) -> Reply:
        """Send the request to the server, and wait for its reply."""

    def answer(self, data: bytes) -> None:
        """Send this to the client."""

    def wait(self, seconds: float | None) -> None:
        """Let time go by; None: until the client gives up. That ends the exchange."""

    def drop(self) -> NoReturn:
        """Close the client's connection (FIN). This ends the exchange."""

    def reset(self) -> NoReturn:
        """Reset the client's connection (RST). This ends the exchange."""


class Fault(ABC):
    """What happens to one request."""

    @abstractmethod
    def strike(self, exchange: Exchange) -> None:
        """Let it happen."""


@dataclass(frozen=True)
class Drop(Fault):
    """The server acts; the connection ends after so many bytes of its reply, one less than all at most."""

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
    """The request reaches nobody, and is never answered."""

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
    """The server acts; its reply arrives whole as HTTP, with the first part of its body alone."""

    share: float = 0.5

    def strike(self, exchange: Exchange) -> None:
        """Forward, answer with a shorter body."""
        reply = exchange.forward()
        exchange.answer(reply.with_body(reply.body[: int(len(reply.body) * self.share)]).raw)


@dataclass(frozen=True)
class Replace(Fault):
    """Something else answers: the server never sees the request."""

    status: int
    reason: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def strike(self, exchange: Exchange) -> None:
        """Answer."""
        exchange.answer(make_reply(self.status, self.reason, self.headers, self.body).raw)


def unauthorized() -> Replace:
    """401."""
    return Replace(401, "Unauthorized")


def rate_limited(retry_after: float | None = None, *, as_date: bool = False) -> Replace:
    """429, with a Retry-After in seconds, or as the date that lies so far ahead (in whole seconds, rounded down)."""
    return Replace(429, "Too Many Requests", headers=_retry_after(retry_after, as_date=as_date))


def unavailable(retry_after: float | None = None, *, as_date: bool = False) -> Replace:
    """503, with a Retry-After as that of `rate_limited`."""
    return Replace(503, "Service Unavailable", headers=_retry_after(retry_after, as_date=as_date))


def server_error() -> Replace:
    """500, with a body that belongs to no API."""
    return Replace(500, "Internal Server Error", b"something went wrong", {"content-type": "text/plain"})


def html_page() -> Replace:
    """200, with the page that a gateway shows to people."""
    page = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Please sign in.<br></body></html>"
    return Replace(200, "OK", page, {"content-type": "text/html"})


def _retry_after(seconds: float | None, *, as_date: bool) -> dict[str, str]:
    if seconds is None:
        return {}
    if as_date:
        moment = datetime.now(UTC) + timedelta(seconds=seconds)
        return {"retry-after": format_datetime(moment, usegmt=True)}
    return {"retry-after": f"{seconds:g}"}
