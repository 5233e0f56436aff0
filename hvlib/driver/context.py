"""Context: the services of core that a driver's session uses."""

from __future__ import annotations

from typing import Protocol

from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["Context"]


class Context(Protocol):
    """The services of core that a driver's session uses: counting requests, time-outs, refs."""

    def count_request(self, call: str) -> None:
        """Count one round trip. The driver calls it for every request, with the name of the server's call."""

    def timeout(self) -> float:
        """The largest number of seconds that the next request may take."""

    def ref(self, kind: type[Resource], id: str) -> Ref:
        """A ref of this provider. May be called only after `Session.login`."""
