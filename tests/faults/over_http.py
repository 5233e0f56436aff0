"""Targets that speak HTTP, with the faulty proxy before the server."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

from faults.target import Target, Trouble, backoff, timeout
from servers.faulty_fault import (
    Delay,
    Drop,
    DropMidway,
    Fault,
    FreezeAfter,
    FreezeBefore,
    ResetAfter,
    ResetBefore,
    Truncate,
    html_page,
    rate_limited,
    server_error,
    unauthorized,
    unavailable,
)
from servers.faulty_message import Request
from servers.faulty_proxy import FaultyProxy, Planned, named

import hvlib
from hvlib.runtime.retry import RetryPolicy

__all__ = ["HttpTarget"]

HEAD = 24
"""A number of bytes after which a reply is still within its headers."""

FAULTS: Mapping[str, Callable[[], Fault]] = {
    "reset before": ResetBefore,
    "reset after": ResetAfter,
    "closed": lambda: Drop(0),
    "cut in head": lambda: Drop(HEAD),
    "cut in body": DropMidway,
    "delayed": lambda: Delay(0.1),
    "frozen before": FreezeBefore,
    "frozen after": FreezeAfter,
    "truncated": Truncate,
    "401": unauthorized,
    "429 seconds": lambda: rate_limited(0),
    "429 date": lambda: rate_limited(0, as_date=True),
    "503": unavailable,
    "503 seconds": lambda: unavailable(0),
    "500": server_error,
    "HTML": html_page,
}


class HttpTarget(Target):
    """A server that clients reach by HTTP."""

    proxy: FaultyProxy

    decisive: ClassVar[Mapping[str, tuple[str, ...]]]
    """By operation: the names (in the proxy) of the requests that decide the operation's result."""

    skipped: ClassVar[Mapping[str, int]] = {}
    """By operation: how many of these requests come before the one that meets the fault. The default is 0."""

    @abstractmethod
    def connect_through(self, port: int, **options: object) -> hvlib.Provider:
        """Return a provider that connects to this port instead of the server's."""

    @abstractmethod
    def requests(self) -> Mapping[str, int]:
        """Return how many requests the server has received, by the names that the proxy gives them."""

    def performed(self, operation: str) -> int:
        """Count the decisive requests with the server's own counts."""
        counts = self.requests()
        return sum(counts.get(name, 0) for name in self.decisive["create" if operation == "create" else "action"])

    @abstractmethod
    def session_rejected(self) -> Fault:
        """Return a fault: the server's reply to a session that it does not know."""

    @contextmanager
    def trouble(self, fault: str, operation: str) -> Iterator[Trouble]:
        """Yield the trouble with a provider that is connected through the proxy."""
        trouble = OutOfReach(self, fault) if fault == "refused" else FaultyReply(self, fault, operation)
        with trouble.provider:
            yield trouble
        self.proxy.admit()


class OutOfReach(Trouble):
    """The proxy refuses connections, from `begin` until the first retry."""

    def __init__(self, target: HttpTarget, fault: str) -> None:
        self._proxy = target.proxy
        self._retried = False
        retry = RetryPolicy(backoff=self._admit, max_elapsed=5.0)
        self.provider = target.connect_through(target.proxy.port, timeout=timeout(fault), retry=retry)

    def begin(self) -> None:
        """Refuse connections."""
        self._proxy.refuse()

    def struck(self) -> bool:
        """Return whether a call failed and is being retried."""
        return self._retried

    def _admit(self, attempt: int, error: hvlib.HvlibError) -> float:
        self._retried = True
        self._proxy.admit()
        return 0.0


class FaultyReply(Trouble):
    """A decisive request of the operation meets the fault."""

    def __init__(self, target: HttpTarget, fault: str, operation: str) -> None:
        self._target = target
        self._fault = target.session_rejected() if fault == "session rejected" else FAULTS[fault]()
        self._when: Callable[[Request], bool] = named(*target.decisive[operation])
        self._skip = target.skipped.get(operation, 0)
        self._planned: Planned | None = None
        pause = backoff(fault)
        retry = RetryPolicy(backoff=lambda attempt, error: pause, max_elapsed=5.0)
        self.provider = target.connect_through(target.proxy.port, timeout=timeout(fault), retry=retry)

    def begin(self) -> None:
        """Plan the fault at the proxy."""
        self._planned = self._target.proxy.next(self._fault, when=self._when, skip=self._skip)

    def struck(self) -> bool:
        """Return whether a request has met the fault at the proxy."""
        return self._planned is not None and self._planned.struck.is_set()
