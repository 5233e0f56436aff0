"""Context: core's part of a session, lent to the driver."""

from __future__ import annotations

from typing import Protocol

from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["Context"]


class Context(Protocol):
    """Core's part of a session: counting, time-outs, refs."""

    def count_request(self, call: str) -> None:
        """Count one round trip. To be called for every request, by the name of the server's call."""

    def timeout(self) -> float:
        """The seconds that the next request may take at most."""

    def ref(self, kind: type[Resource], id: str) -> Ref:
        """A ref of this provider. Only after `Session.login`."""
