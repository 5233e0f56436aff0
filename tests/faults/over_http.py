"""Targets that speak HTTP: the faulty proxy stands before the server."""

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
"""Bytes after which a reply is in its headers."""

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
    """A server that is reached by HTTP."""

    proxy: FaultyProxy

    decisive: ClassVar[Mapping[str, tuple[str, ...]]]
    """The requests that an operation stands or falls with, by the names that the proxy gives them."""

    skipped: ClassVar[Mapping[str, int]] = {}
    """How many of them come before the one that is to meet the fault; 0 where nothing is said."""

    @abstractmethod
    def connect_through(self, port: int, **options: object) -> hvlib.Provider:
        """A provider whose server seems to be at this port."""

    @abstractmethod
    def requests(self) -> Mapping[str, int]:
        """How many requests the server had so far, by the names that the proxy gives them."""

    def performed(self, operation: str) -> int:
        """By the server's count of requests."""
        counts = self.requests()
        return sum(counts.get(name, 0) for name in self.decisive["create" if operation == "create" else "action"])

    @abstractmethod
    def session_rejected(self) -> Fault:
        """The server's reply to a session that it does not know."""

    @contextmanager
    def trouble(self, fault: str, operation: str) -> Iterator[Trouble]:
        """Through the proxy."""
        trouble = OutOfReach(self, fault) if fault == "refused" else FaultyReply(self, fault, operation)
        with trouble.provider:
            yield trouble
        self.proxy.admit()


class OutOfReach(Trouble):
    """Nothing listens, from the beginning until the first repetition."""

    def __init__(self, target: HttpTarget, fault: str) -> None:
        self._proxy = target.proxy
        self._repeated = False
        retry = RetryPolicy(backoff=self._admit, max_elapsed=5.0)
        self.provider = target.connect_through(target.proxy.port, timeout=timeout(fault), retry=retry)

    def begin(self) -> None:
        """Refuse."""
        self._proxy.refuse()

    def struck(self) -> bool:
        """Somebody tried and failed."""
        return self._repeated

    def _admit(self, attempt: int, error: hvlib.HvlibError) -> float:
        self._repeated = True
        self._proxy.admit()
        return 0.0


class FaultyReply(Trouble):
    """The decisive request meets the fault."""

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
        """Plan it."""
        self._planned = self._target.proxy.next(self._fault, when=self._when, skip=self._skip)

    def struck(self) -> bool:
        """The proxy knows."""
        return self._planned is not None and self._planned.struck.is_set()
