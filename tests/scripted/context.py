"""The context of a session that is tested without core."""

from __future__ import annotations

from collections import Counter

from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["UUID", "RecordingContext"]

UUID = "00000000-0000-4000-8000-000000000001"
"""The provider's uuid in the refs that it makes."""


class RecordingContext:
    """A context that records the calls that the session counts, and how many refs it makes.

    | seconds: the time-out of a request
    """

    def __init__(self, seconds: float = 10.0) -> None:
        self.seconds = seconds
        self.calls: list[str] = []
        self.made = 0
        """How many refs the session has made."""

    @property
    def counts(self) -> Counter[str]:
        """How often each call was counted."""
        return Counter(self.calls)

    def count_request(self, call: str) -> None:
        """`hvlib.driver.Context.count_request`."""
        self.calls.append(call)

    def timeout(self) -> float:
        """`hvlib.driver.Context.timeout`."""
        return self.seconds

    def ref(self, kind: type[Resource], id: str) -> Ref:
        """`hvlib.driver.Context.ref`."""
        self.made += 1
        return Ref(UUID, kind.kind, id)
