"""Sightings: the servers that the watches of one session have seen. Each watch starts from the last one's."""

from __future__ import annotations

import sys
from collections.abc import Set

import msgspec

__all__ = ["Seen", "Sightings"]


class Seen(msgspec.Struct, frozen=True):
    """The servers that existed at a moment, by nova's clock."""

    at: int
    ids: Set[str]


class Sightings:
    """Holds the newest `Seen` of a session."""

    def __init__(self) -> None:
        self.last = Seen(sys.maxsize, frozenset())
