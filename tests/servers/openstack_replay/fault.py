"""Faults of the OpenStack replay: what real services won't do on request."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Fault", "Faults", "Planned"]


class Fault(StrEnum):
    """What happens to a request."""

    RATE_LIMITED = "rate_limited"
    """429, with Retry-After if that was given."""

    UNAVAILABLE = "unavailable"
    """503, with Retry-After if that was given."""

    UNAUTHORIZED = "unauthorized"
    """401, and the request's token is dead from now on."""

    HTML = "html"
    """200, with the page that a gateway shows to people."""

    CUT = "cut"
    """The connection ends in the middle of the body."""

    TRUNCATED = "truncated"
    """A whole reply as HTTP, with the first half of its body alone."""

    FROZEN = "frozen"
    """Nothing comes until the client gives up, or faults are cleared."""

    SAME_PAGE = "same_page"
    """The next link of a page leads to that page again."""

    CYCLE = "cycle"
    """The next link of each second page leads back to the page before."""

    LIMIT_IGNORED = "limit_ignored"
    """A page has everything after its marker, and no next link."""

    OTHER_HOST = "other_host"
    """Links of pages and version documents lead to another host, as behind a proxy."""


LINKING = {Fault.SAME_PAGE, Fault.CYCLE, Fault.LIMIT_IGNORED, Fault.OTHER_HOST}
"""Those which change a reply that is otherwise sent as usual."""


@dataclass
class Planned:
    """A fault that waits for its requests: ``times`` of them (None: all), after ``skip`` that do not meet it.

    Requests are called by method and path template; ``*`` is any.
    """

    fault: Fault
    request: str
    times: int | None
    skip: int
    retry_after: float | None
    as_date: bool
    cleared: threading.Event = field(default_factory=threading.Event)

    def meets(self, request: str) -> bool:
        """Whether this request meets the fault. Each is asked for once."""
        if self.times == 0 or self.request not in ("*", request):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """The faults that are planned."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Planned] = []

    def add(
        self, fault: str, request: str, times: int | None, skip: int, retry_after: float | None, as_date: bool
    ) -> None:
        """Plan one."""
        with self._lock:
            self._planned.append(Planned(Fault(fault), request, times, skip, retry_after, as_date))

    def clear(self) -> None:
        """Forget all, and let what is frozen be answered."""
        with self._lock:
            for planned in self._planned:
                planned.cleared.set()
            self._planned.clear()

    def meet(self, request: str) -> tuple[set[Fault], Planned | None]:
        """What happens to this request: all that concerns links, and of the others the one that was planned first."""
        with self._lock:
            linking = {each.fault for each in self._planned if each.fault in LINKING and each.meets(request)}
            other = (each for each in self._planned if each.fault not in LINKING and each.meets(request))
            return linking, next(other, None)
