"""Requests: counts of a provider's round trips; and the context in which a driver counts them."""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hvlib.driver import Endpoint
from hvlib.model.binding import BoundProvider
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["CallContext", "Requests"]


class Requests:
    """Round trips counted by ``provider.count_requests()``: ``total``, and ``calls`` by the server's name for each."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """The number of all round trips."""
        return self.calls.total()

    def __repr__(self) -> str:
        each = " ".join(f"{call}={times}" for call, times in self.calls.items())
        return f"<Requests {self.total}: {each}>"


class CallContext:
    """`hvlib.driver.Context`: core's part of a session."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.provider_uuid = ""
        self._timeout = endpoint.timeout
        self._counters: tuple[Requests, ...] = ()
        self._lock = threading.RLock()  # Reentrant: a finalizer may count a call while another is being counted.
        self._provider: Callable[[], BoundProvider | None] = lambda: None

    def bind(self, provider: BoundProvider) -> None:
        """Bind refs to this provider from now on. The reference is weak, so that an unused provider can be freed."""
        self._provider = weakref.ref(provider)

    @property
    def provider(self) -> BoundProvider | None:
        """The provider that refs and errors are bound to; None once it was freed."""
        return self._provider()

    def count_request(self, call: str) -> None:
        """`hvlib.driver.Context.count_request`."""
        with self._lock:
            for counter in self._counters:
                counter.calls[call] += 1

    def timeout(self) -> float:
        """`hvlib.driver.Context.timeout`."""
        return self._timeout

    def ref(self, kind: type[Resource], id: str) -> Ref:
        """`hvlib.driver.Context.ref`."""
        return Ref(self.provider_uuid, kind.kind, id, self._provider())

    @contextmanager
    def counting(self) -> Iterator[Requests]:
        """Count the round trips made until the end of the block, by all threads."""
        counter = Requests()
        with self._lock:
            self._counters += (counter,)
        try:
            yield counter
        finally:
            with self._lock:
                self._counters = tuple(other for other in self._counters if other is not counter)
